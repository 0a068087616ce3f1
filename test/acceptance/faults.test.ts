import { EventEmitter, once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import postgres from 'postgres'
import t, { type Test } from 'tap'
import { WebSocket } from 'ws'
import { createParley, type Parley, type TopicEvent } from '../../sdk/index.ts'
import { faultyProxy } from '../helpers/faulty-proxy.ts'
import { startDurablePostgres } from '../helpers/postgres-server.ts'
import { chosenSeed, seededRandom } from '../helpers/random.ts'
import { dataFolder, type ServerProcess, startServer } from '../helpers/server-process.ts'

/**
 * What a chat lives through in a bad year, in half a minute: people write and read through a network that cuts, tears, stalls, half-closes
 * and delays, while servers, worker and PostgreSQL are killed with SIGKILL. The whole run (CONTRIBUTING.md) has 10,000 messages and 20 kills.
 */
const MESSAGES = Number(process.env.FAULT_MESSAGES ?? 1000)
const KILLS = Number(process.env.FAULT_KILLS ?? 6)
const WRITERS = 4
const READERS = 2
const QUESTIONS = 10
/** Long before the file's own limit, so that a run that hangs can still tell where (the whole run has no such limit). */
const FAULT_TIMEOUT = MESSAGES > 1000 ? 3_600_000 : 300_000
/** Messages that a writer has on their way at a time. */
const WINDOW = 6

type Kind = 'api' | 'worker' | 'postgres'

async function world(t: Test) {
  const seed = chosenSeed()
  const random = seededRandom(seed)
  t.comment(`SEED=${seed}`)
  const database = await startDurablePostgres(dataFolder(t))
  t.teardown(database.stop)
  const sql = postgres(database.url, { max: 2, onnotice: () => {} })
  t.teardown(() => sql.end({ timeout: 1 }))
  const env = {
    DATABASE_URL: database.url,
    DATA_DIR: dataFolder(t),
    JWT_SECRET: 'one secret for all instances of this test',
    DATABASE_POOL: '4',
    RATE_LIMIT_ENABLED: 'false',
    ACCESS_TOKEN_TTL: '30',
    // Answers to a refresh get lost here, and PostgreSQL may be away for longer than the ten seconds in which they can be had again.
    REFRESH_GRACE: '120',
  }
  const started: ServerProcess[] = []
  const start = (role: string) => {
    const server = startServer(t, { env: { ...env, ROLE: role } })
    started.push(server)
    return server.ready()
  }
  /** What no client is to blame for, as the servers logged it: for a run that fails. */
  t.teardown(() => {
    if (t.passing()) return
    const lines = started.flatMap((server) => server.output().split('\n')).filter((line) => line.includes('"level":50'))
    const told = new Set(
      lines.map(
        (line) => /"msg":"[^"]*"}?$/.exec(line)?.[0] + line.slice(line.indexOf('"err"'), line.indexOf('"err"') + 600),
      ),
    )
    for (const line of told) t.comment(line)
  })
  const servers = [await start('api'), ...(await Promise.all([start('api'), start('worker')]))] as ServerProcess[]
  const proxy = await faultyProxy(t, {
    random,
    meanChunks: 30,
    target: () => {
      const living = servers.slice(0, 2).filter(({ child }) => child.exitCode === null && child.signalCode === null)
      const chosen = living.length === 0 ? undefined : random.pick(living)
      return chosen && Number(new URL(chosen.origin).port)
    },
  })

  async function restart(index: number, role: string): Promise<void> {
    const server = servers[index] as ServerProcess
    server.child.kill('SIGKILL')
    await server.exited
    servers[index] = await start(role)
  }

  async function killPostgres(): Promise<void> {
    const before = database.pid() as number
    process.kill(before, 'SIGKILL')
    while (database.pid() === before || database.pid() === undefined) await delay(10)
    await Promise.all(servers.map((server) => server.ready()))
  }

  /** Kills one of them and resolves when everything is ready again. */
  function kill(kind: Kind): Promise<void> {
    if (kind === 'postgres') return killPostgres()
    return kind === 'api' ? restart(random.below(2), 'api') : restart(2, 'worker')
  }

  return { random, proxy, sql, kill, origin: `http://127.0.0.1:${proxy.port}` }
}

/** A client through the bad network. It waits shorter than usual, or the test would take its time. */
async function person(t: Test, origin: string, name: string): Promise<Parley> {
  const parley = createParley({ url: origin, WebSocket, retryDelay: { base: 50, cap: 800 }, timeoutMs: 5000 })
  t.teardown(parley.close)
  const email = `${name}@example.org`
  const password = 'correct horse battery staple'
  await until(() => parley.auth.register({ email, password }).catch(() => parley.auth.login({ email, password })))
  return parley
}

/** Tries until it succeeds: for what a test prepares over a bad network. */
async function until<T>(attempt: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await attempt()
    } catch {
      await delay(50)
    }
  }
}

/** Follows a topic and looks at every number that is handed out. */
function follow(parley: Parley, topic: string, since?: { epoch: string; seq: number }) {
  const seen: number[] = []
  const wrong = { duplicated: 0, disordered: 0, resets: 0 }
  const clientIds = new Set<string>()
  const waiting = new Map<number, () => void>()
  const subscription = parley.socket.subscribe(topic, { since })
  let last = since?.seq
  subscription.on('reset', () => {
    wrong.resets += 1
  })
  subscription.on('event', ({ seq, data }: TopicEvent) => {
    const { clientId } = data as { clientId?: string }
    if (clientId !== undefined && clientIds.has(clientId)) wrong.duplicated += 1
    if (clientId !== undefined) clientIds.add(clientId)
    if (last !== undefined && seq <= last) wrong.duplicated += 1
    else if (last !== undefined && seq !== last + 1) wrong.disordered += 1
    last = seq
    seen.push(seq)
    waiting.get(seq)?.()
  })
  return {
    seen,
    wrong,
    ready: subscription.ready,
    upTo: (seq: number) =>
      (last ?? 0) >= seq ? Promise.resolve() : new Promise<void>((resolve) => waiting.set(seq, resolve)),
  }
}

/** Kinds of kills in a mixed order: each in turn, the worker not at the very end, for a reply waits until its job is taken up again. */
function killsInOrder(random: ReturnType<typeof seededRandom>): Kind[] {
  const rounds = Math.ceil(KILLS / 3)
  const kinds = Array.from({ length: rounds }, () => random.shuffle<Kind>(['api', 'worker', 'postgres'])).flat()
  const chosen = kinds.slice(0, KILLS)
  if (chosen.at(-1) === 'worker') chosen.unshift(chosen.pop() as Kind)
  return chosen
}

t.test(
  'faults: nothing acknowledged is lost, nothing comes twice, no number is missing',
  { timeout: FAULT_TIMEOUT },
  async (t) => {
    const { random, proxy, sql, kill, origin } = await world(t)
    const names = Array.from({ length: WRITERS + READERS }, (_, index) => `person-${index}`)
    const people = await Promise.all(names.map((name) => person(t, origin, name)))
    const owner = people[0] as Parley
    const room = await until(() => owner.conversations.create({ title: 'Faults', assistant: 'off' }))
    const asked = await until(() => owner.conversations.create({ title: 'Questions', assistant: 'always' }))
    for (const name of names.slice(1))
      await until(() => owner.conversations.addMember(room.id, { email: `${name}@example.org` }))
    const topic = `conversation:${room.id}`
    const followers = people.map((parley) => follow(parley, topic))
    const positions = await Promise.all(followers.map(({ ready }) => ready))
    const start = Math.min(...positions.map(({ seq }) => seq))
    const { epoch } = positions[0] as { epoch: string }

    const acknowledged = new Map<string, number>()
    const progress = new EventEmitter()
    const reached = (count: number) => once(progress, String(count))
    const share = (kills: number) => Math.floor((MESSAGES * kills) / (KILLS + 1))
    let allowed = share(1) + 50
    let sent = 0
    let release = () => {}
    let doing = 'begin'
    t.teardown(() => {
      if (t.passing()) return
      t.comment(`stood at: ${doing}; ${sent} sent of ${allowed} allowed, ${acknowledged.size} acknowledged`)
      t.comment(
        `last seen: ${followers.map(({ seen }) => seen.at(-1)).join(', ')}; network: ${JSON.stringify(proxy.counts)}`,
      )
    })

    async function write(parley: Parley): Promise<void> {
      while (sent < MESSAGES) {
        // Not much further than the kills: each falls into the middle of the writing.
        if (sent >= allowed) {
          await new Promise<void>((resolve) => {
            const before = release
            release = () => {
              before()
              resolve()
            }
          })
          continue
        }
        const clientId = `m${sent}`
        sent += 1
        const { message } = await parley.socket.chat({ conversationId: room.id, content: clientId, clientId })
        acknowledged.set(clientId, message.seq)
        progress.emit(String(acknowledged.size))
      }
    }

    async function ask(): Promise<void> {
      for (let n = 0; n < QUESTIONS; n += 1) {
        await owner.socket.chat({ conversationId: asked.id, content: `What is ${n}?`, clientId: `q${n}` })
        if (acknowledged.size < MESSAGES) await reached(acknowledged.size + 1)
      }
    }

    const healing: [kind: Kind, ms: number][] = []
    async function destroy(): Promise<void> {
      const marks = Array.from({ length: KILLS }, (_, index) => share(index + 1))
      const arrivals = marks.map((mark) => reached(mark))
      for (const [index, kind] of killsInOrder(random).entries()) {
        await arrivals[index]
        const began = Date.now()
        doing = `kill ${index + 1}, ${kind}`
        await kill(kind)
        doing = `after kill ${index + 1}`
        healing.push([kind, Date.now() - began])
        allowed = index + 1 === KILLS ? MESSAGES : share(index + 2) + 50
        release()
        release = () => {}
      }
    }

    const writing = people.slice(0, WRITERS).flatMap((parley) => Array.from({ length: WINDOW }, () => write(parley)))
    await Promise.all([destroy(), ask(), ...writing])

    // The network is healed now: somebody who comes anew has everything soon, and so have those who were there all the time.
    proxy.calm()
    doing = 'catching up'
    const [head] = await sql<{ seq: string }[]>`select seq from topics where topic = ${topic}`
    const end = Number(head?.seq)
    const healed = Date.now()
    const late = follow(await person(t, origin, names[1] as string), topic, { epoch, seq: start })
    await late.upTo(end)
    const visibleMs = Date.now() - healed
    await Promise.all(followers.map(({ upTo }) => upTo(end)))

    const stored = await sql<{ seq: string; client_id: string }[]>`
    select seq, client_id from messages where conversation_id = ${room.id} order by seq`
    t.equal(acknowledged.size, MESSAGES, 'every message was acknowledged in the end')
    t.same(
      new Map(stored.map(({ client_id: id, seq }) => [id, Number(seq)])),
      acknowledged,
      'what was acknowledged is stored, with the number that was told',
    )
    t.equal(stored.length, MESSAGES, 'once each')
    const numbered = await sql<{ topic: string; count: string; top: string; head: string }[]>`
    select topic, count(*) as count, max(events.seq) as top, max(topics.seq) as head
    from events join topics using (topic) group by topic`
    t.same(
      numbered.filter(({ count, top, head }) => count !== top || top !== head),
      [],
      `no topic has a hole (${numbered.length} topics)`,
    )
    const all = Array.from({ length: end - start }, (_, index) => start + 1 + index)
    t.same(late.seen, all, 'who comes late gets all of it, once each, in order')
    for (const [index, { seen }] of followers.entries()) t.equal(seen.at(-1), end, `${names[index]} has the last one`)
    const total = { duplicated: 0, disordered: 0, resets: 0 }
    for (const { wrong } of [...followers, late])
      for (const key of Object.keys(total) as (keyof typeof total)[]) total[key] += wrong[key]
    t.same(total, { duplicated: 0, disordered: 0, resets: 0 }, 'delivered once each, in order, to everybody')
    t.ok(visibleMs < 5000, `all visible to a client that comes anew after ${visibleMs} ms`)
    await repliesEnd(t, sql, asked.id)
    const delivered = [...followers, late].reduce((sum, { seen }) => sum + seen.length, 0)
    t.comment(
      `${sent} sent, ${acknowledged.size} acknowledged, ${delivered} delivered to ${followers.length + 1} clients, ${MESSAGES - stored.length} lost, ${total.duplicated} duplicated, ${total.disordered} out of order; ${KILLS} kills; all visible to a new client after ${visibleMs} ms`,
    )
    t.comment(`ms from kill to ready: ${healing.map(([kind, ms]) => `${kind} ${ms}`).join(', ')}`)
    t.comment(`faults of the network: ${JSON.stringify(proxy.counts)}`)
  },
)

/** Every reply that was begun ends, once, although its worker was killed. */
async function repliesEnd(t: Test, sql: postgres.Sql, conversationId: string): Promise<void> {
  const waiting = () => sql`
    select id from messages where conversation_id = ${conversationId} and role = 'assistant' and status = 'streaming'`
  for (const limit = Date.now() + 60_000; Date.now() < limit && (await waiting()).length > 0; await delay(100));
  t.equal((await waiting()).length, 0, 'no reply is left unfinished')
  const events = await sql<{ id: string; names: string[] }[]>`
    select data->>'id' as id, array_agg(name order by seq) as names from events
    where topic = ${`conversation:${conversationId}`} and name like 'reply.%' group by 1`
  t.ok(events.length > 0, `${events.length} replies`)
  for (const { names } of events) t.same(names, ['reply.started', 'reply.completed'], 'each begun and completed once')
}
