import { createServer, connect as dial, type Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import t, { type Test } from 'tap'
import postgres from '../../src/db/driver.ts'
import { testDatabase } from '../helpers/database.ts'

/** One connection to PostgreSQL that can be cut, by which it loses its socket as with a killed server. */
async function cuttable(t: Test) {
  const target = new URL(await testDatabase(t))
  const port = Number(target.port)
  const pairs = new Set<Socket[]>()
  const server = createServer((near) => {
    const far = dial(port, target.hostname)
    pairs.add([near, far])
    for (const socket of [near, far]) socket.on('error', () => {})
    near.pipe(far).pipe(near)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  target.port = String((server.address() as { port: number }).port)
  let closed = () => {}
  const sql = postgres(target.href, { max: 1, idle_timeout: 0, backoff: () => 0.01, onclose: () => closed() })
  t.teardown(async () => {
    await sql.end({ timeout: 1 })
    for (const pair of pairs) for (const socket of pair) socket.destroy()
    server.close()
  })
  return {
    sql,
    /** Resolves when the driver knows that the connection is gone. */
    async cut() {
      const gone = new Promise<void>((resolve) => {
        closed = resolve
      })
      for (const pair of pairs) for (const socket of pair) socket.destroy()
      pairs.clear()
      await gone
    },
  }
}

t.test('a connection that is lost takes neither the process nor its place in the pool along', async (t) => {
  const { sql, cut } = await cuttable(t)
  for (let round = 0; round < 5; round += 1) {
    const work = sql.begin(async (tx) => {
      await tx`select 1`
      const small = [tx`select 2`, tx`select 3`]
      for (const query of small) query.catch(() => {})
      await cut()
      for (const query of small) await t.rejects(query, { code: /^CONNECTION|ECONN/ })
      await t.rejects(tx`select 4`, { code: /^CONNECTION|ECONN/ }, 'a statement on a lost connection is answered')
    })
    await t.rejects(work, { code: /^CONNECTION|ECONN/ }, 'the transaction fails')
    await turn()
    t.match(await sql`select 5 as five`, [{ five: 5 }], 'and the only connection of the pool comes back')
  }
})

t.test('what is left of a lost transaction is not carried out without one', async (t) => {
  const { sql, cut } = await cuttable(t)
  await sql`create table things (name text)`
  const work = sql.begin(async (tx) => {
    await tx`insert into things values ('first')`
    await cut()
    t.match(await sql`select count(*)::int as count from things`, [{ count: 0 }], 'the connection lives again')
    await t.rejects(tx`insert into things values ('second')`, { code: /^CONNECTION|ECONN/ })
  })
  await t.rejects(work, { code: /^CONNECTION|ECONN/ })
  t.match(await sql`select count(*)::int as count from things`, [{ count: 0 }], 'nothing of it is there')
})

t.test('the connection that was used last is used again: what a quiet server asks finds a warm session', async (t) => {
  const sql = postgres(await testDatabase(t), { max: 4 })
  t.teardown(() => sql.end())
  const session = async (seconds: number) => {
    const [row] = await sql<{ pid: number }[]>`select pg_backend_pid() as pid, pg_sleep(${seconds})`
    return row?.pid
  }
  const busy = new Set(await Promise.all([1, 2, 3, 4].map((tenths) => session(tenths / 10))))
  t.equal(busy.size, 4, 'all are open')
  const quiet = new Set<number | undefined>()
  for (let n = 0; n < 12; n += 1) quiet.add(await session(0))
  t.equal(quiet.size, 1)
  t.equal(new Set(await Promise.all([1, 2, 3, 4].map((tenths) => session(tenths / 10)))).size, 4, 'none was lost')
})
