import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import t from 'tap'
import { type Person, person, testApp } from '../helpers/app.ts'
import { openSocket, type SocketClient } from '../helpers/socket-client.ts'

interface Said {
  id: string
  seq: number
  author: number
  deleted: boolean
}
type Step =
  | { kind: 'send' | 'read' | 'leave' | 'join'; who: number; socket: boolean; at: number }
  | { kind: 'edit' | 'delete'; who: number; socket: boolean; at: number }

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom('send', 'send', 'send', 'edit', 'delete', 'read', 'read', 'leave', 'join'),
  who: fc.nat(2),
  socket: fc.boolean(),
  at: fc.nat(1000),
}) as fc.Arbitrary<Step>

/** What a person does, over REST or over the socket. */
function hand(person: Person, socket: SocketClient) {
  const both =
    (
      overRest: () => Promise<{ statusCode: number; json(): unknown }>,
      frame: { type: string } & Record<string, unknown>,
    ) =>
    async (bySocket: boolean): Promise<Record<string, unknown> | undefined> => {
      if (bySocket) {
        const { type, ...answer } = await socket.ask(frame)
        return type === 'ack' ? answer : undefined
      }
      const answer = await overRest()
      if (answer.statusCode >= 400) return undefined
      return answer.statusCode === 204 ? {} : (answer.json() as Record<string, unknown>)
    }
  return {
    person,
    send: (id: string, content: string) =>
      both(() => person.post(`/api/conversations/${id}/messages`, { content }), {
        type: 'chat',
        conversationId: id,
        content,
        clientId: crypto.randomUUID(),
      }),
    edit: (id: string) =>
      both(() => person.patch(`/api/messages/${id}`, { content: 'changed' }), {
        type: 'edit',
        messageId: id,
        content: 'changed',
      }),
    remove: (id: string) => both(() => person.delete(`/api/messages/${id}`), { type: 'delete', messageId: id }),
    read: (id: string, seq: number) =>
      both(() => person.post(`/api/conversations/${id}/read`, { seq }), { type: 'read', conversationId: id, seq }),
  }
}

t.test('unread counts never drift: random histories on both surfaces, against a model', async (t) => {
  const app = await testApp(t, { env: { RATE_LIMIT_ENABLED: 'false' } })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const url = `ws://127.0.0.1:${(app.server.address() as AddressInfo).port}/ws`
  const people = await Promise.all(['ada', 'ben', 'cleo'].map((name) => person(app, name)))
  const hands = await Promise.all(
    people.map(async (one) => {
      const socket = await openSocket(url, { token: one.token })
      t.teardown(() => socket.socket.terminate())
      return hand(one, socket)
    }),
  )
  const [owner] = people as [Person]
  let steps = 0

  async function history(list: Step[]): Promise<void> {
    const conversation = (await owner.post('/api/conversations', { assistant: 'off' })).json<{ id: string }>().id
    const at = `/api/conversations/${conversation}`
    const inside = [true, false, false]
    const markers = [0, 0, 0]
    const said: Said[] = []
    const pick = (index: number) => said[index % Math.max(said.length, 1)]

    async function run({ kind, who, socket, at: index }: Step): Promise<void> {
      const actor = hands[who] as (typeof hands)[0]
      if (kind === 'leave' || kind === 'join') {
        if (who === 0 || inside[who] === (kind === 'join')) return
        const { id } = actor.person
        const answer = await (kind === 'join'
          ? owner.post(`${at}/members`, { userId: id })
          : actor.person.delete(`${at}/members/${id}`))
        if (answer.statusCode >= 300) throw new Error(answer.body)
        inside[who] = kind === 'join'
        return
      }
      const message = pick(index)
      if (kind === 'send') {
        const answer = await actor.send(conversation, 'x')(socket)
        const stored = (answer?.message ?? answer) as { id: string; seq: number } | undefined
        if (Boolean(stored) !== inside[who]) throw new Error('only members may send')
        if (stored) said.push({ id: stored.id, seq: stored.seq, author: who, deleted: false })
      } else if (kind === 'read') {
        const seq = message?.seq ?? 0
        const answer = await actor.read(conversation, seq)(socket)
        if (answer) markers[who] = Math.max(markers[who] as number, seq)
      } else if (message) {
        const answer = await (kind === 'edit' ? actor.edit(message.id) : actor.remove(message.id))(socket)
        if (answer && kind === 'delete') message.deleted = true
      }
    }

    async function compare(): Promise<void> {
      for (const [who, { person: one }] of hands.entries()) {
        if (!inside[who]) continue
        const marker = markers[who] as number
        const unread = said.filter(({ seq, author, deleted }) => seq > marker && author !== who && !deleted).length
        const shown = (await one.get(at)).json<{ unread: number; readSeq: number }>()
        const listed = (await one.get('/api/conversations?limit=1')).json<{ items: { id: string; unread: number }[] }>()
          .items[0]
        const got = [shown.unread, shown.readSeq, listed?.id === conversation ? listed.unread : unread]
        if (`${got}` !== `${[unread, marker, unread]}`)
          throw new Error(`${who}: ${got}, not ${[unread, marker, unread]}`)
      }
    }

    for (const one of list) {
      await run(one)
      steps += 1
      if (steps % 4 === 0) await compare()
    }
    await compare()
  }

  const seed = Number(process.env.SEED ?? Date.now() % 1_000_000)
  t.comment(`SEED=${seed}`)
  await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40 }), history), { seed, numRuns: 8 })
  t.ok(steps > 50, `${steps} steps, seed ${seed}`)
})
