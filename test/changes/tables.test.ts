import t from 'tap'
import { CHANGE_OPERATIONS, CHANGED_TABLES, type ChangedTableName } from '../../src/contracts/changes.ts'
import { newId } from '../../src/lib/ids.ts'
import { ended, upload } from '../graph/world.ts'
import { person } from '../helpers/app.ts'
import type { Frame } from '../helpers/socket-client.ts'
import { change, changesOf, columnsOf, conversationIn, done, followed, gapless, rowsOf, versionOf } from './world.ts'

/** Whether a frame tells of a row with these values. */
const says = (table: ChangedTableName, values: Record<string, unknown>) => (frame: Frame) =>
  frame.table === table &&
  Object.entries(values).every(([name, value]) => (frame.record as Record<string, unknown>)[name] === value)

const SECRET = 'what nobody may read here'

t.test(
  'every table, every operation, whoever writes the row: the columns of the policy and nothing else',
  async (t) => {
    const { app, client, topic, owner, workspace } = await followed(t)
    const { sql } = app.db
    const guest = await person(app, 'guest')
    const conversationId = await conversationIn(owner, workspace.id)
    const [message, file, source, job] = [newId(), newId(), newId(), newId()]
    const made = change(client, 'conversations', 'insert', conversationId)
    const w = workspace.id
    const statements: Record<
      ChangedTableName,
      [insert: () => Promise<unknown>, update: () => Promise<unknown>, remove: () => Promise<unknown>]
    > = {
      messages: [
        async () =>
          sql`insert into messages (id, conversation_id, seq, role, author_id, content) values (${message}, ${conversationId}, 900, 'user', ${owner.id}, ${SECRET})`,
        async () => sql`update messages set version = 2, edited_at = now() where id = ${message}`,
        async () => sql`delete from messages where id = ${message}`,
      ],
      conversation_members: [
        async () =>
          sql`insert into conversation_members (conversation_id, user_id, role) values (${conversationId}, ${guest.id}, 'guest')`,
        async () => sql`update conversation_members set role = 'member' where user_id = ${guest.id}`,
        async () => sql`delete from conversation_members where user_id = ${guest.id}`,
      ],
      workspace_members: [
        async () =>
          sql`insert into workspace_members (workspace_id, user_id, role) values (${w}, ${guest.id}, 'viewer')`,
        async () =>
          sql`update workspace_members set role = 'member' where workspace_id = ${w} and user_id = ${guest.id}`,
        async () => sql`delete from workspace_members where workspace_id = ${w} and user_id = ${guest.id}`,
      ],
      uploads: [
        async () =>
          sql`insert into uploads (id, workspace_id, name, size, storage_key, state) values (${file}, ${w}, 'a.txt', 3, ${SECRET}, 'ready')`,
        async () => sql`update uploads set scan = 'clean' where id = ${file}`,
        async () => sql`delete from uploads where id = ${file}`,
      ],
      sources: [
        async () => sql`insert into sources (id, workspace_id, name) values (${source}, ${w}, 'src')`,
        async () => sql`update sources set revision = 1 where id = ${source}`,
        async () => sql`delete from sources where id = ${source}`,
      ],
      jobs: [
        async () =>
          sql`insert into jobs (id, name, data, workspace_id, dispatched_at) values (${job}, 'trash.purge', ${sql.json({ SECRET })}, ${w}, now())`,
        async () => sql`update jobs set progress = 0.5, result = ${sql.json({ SECRET })} where id = ${job}`,
        async () => sql`delete from jobs where id = ${job}`,
      ],
      conversations: [
        async () => void (await made),
        async () => sql`update conversations set title = 'Renamed' where id = ${conversationId}`,
        async () => sql`delete from conversations where id = ${conversationId}`,
      ],
      workspaces: [
        async () => {
          await sql`update workspaces set deleted_at = now() where id = ${w}`
          await sql`update workspaces set deleted_at = null where id = ${w}`
        },
        async () => sql`update workspaces set name = 'Renamed' where id = ${w}`,
        async () => sql`update workspaces set deleted_at = now() where id = ${w}`,
      ],
    }
    t.same(Object.keys(statements).sort(), [...CHANGED_TABLES].sort())
    const tables = Object.entries(statements) as [ChangedTableName, (typeof statements)['jobs']][]
    const check = async (table: ChangedTableName, index: number) => {
      const operation = CHANGE_OPERATIONS[index] as string
      const told = await change(client, table, operation)
      t.same(Object.keys(told.record).sort(), columnsOf(table), `${operation} of ${table}`)
    }
    // Rows that are written past the server are found when it looks for such: many at once, then. The end of the workspace ends the topic.
    const [within, itself] = [
      tables.filter(([table]) => table !== 'workspaces'),
      tables.filter(([table]) => table === 'workspaces'),
    ]
    for (const [, acts] of within) for (const act of acts) await act()
    for (const [table, acts] of within) for (const index of acts.keys()) await check(table, index)
    for (const [table, acts] of itself) {
      for (const [index, act] of acts.entries()) {
        await act()
        await check(table, index)
      }
    }
    const all = changesOf(client, topic)
    t.ok(gapless(all.map(({ seq }) => seq)))
    t.notMatch(JSON.stringify(all), SECRET)
    const other = all.filter(({ table }) => table === 'conversations').at(-1)
    t.match(
      other,
      { operation: 'delete', record: { title: 'Renamed', createdBy: owner.id } },
      'a deleted row as it was',
    )
  },
)

t.test('columns that are not told change nothing', async (t) => {
  const { app, client, topic, owner, workspace } = await followed(t)
  const id = await conversationIn(owner, workspace.id)
  await owner.post(`/api/conversations/${id}/messages`, { content: 'one' })
  await change(client, 'messages', 'insert')
  const before = changesOf(client, topic).length
  await app.db.sql`update messages set content = 'checkpoint' where conversation_id = ${id}`
  await app.db.sql`update conversations set deleted_at = null where id = ${id}`
  await app.db.sql`update messages set status = 'failed' where conversation_id = ${id}`
  await change(client, 'messages', 'update')
  t.equal(changesOf(client, topic).length, before + 1)
})

t.test('a mirror that knows the changes only is what the database has, whatever people do', async (t) => {
  const { app, client, topic, owner, workspace } = await followed(t)
  const empty = () => new Map<ChangedTableName, Map<string, object>>(CHANGED_TABLES.map((table) => [table, new Map()]))
  const [mirror, shelf] = [empty(), empty()]
  const [member, viewer] = [await person(app, 'member'), await person(app, 'viewer')]
  const members = `/api/workspaces/${workspace.id}/members`
  for (const [who, role] of [
    [member, 'member'],
    [viewer, 'viewer'],
  ] as const) {
    await done(owner.post(members, { userId: who.id, role }))
  }
  await done(owner.patch(`${members}/${member.id}`, { role: 'admin' }))
  const [kept, gone, back] = [
    await conversationIn(owner, workspace.id, 'always'),
    await conversationIn(member, workspace.id),
    await conversationIn(owner, workspace.id),
  ]
  const room = (id: string) => `/api/conversations/${id}`
  await done(owner.patch(room(kept), { title: 'Release plan' }, await versionOf(owner, room(kept))))
  await done(owner.post(`${room(kept)}/members`, { userId: viewer.id }))
  await done(owner.post(`${room(kept)}/messages`, { content: 'Hello?' }))
  const [two, three] = [
    await done<{ id: string }>(member.post(`${room(gone)}/messages`, { content: 'two' })),
    await done<{ id: string }>(owner.post(`${room(back)}/messages`, { content: 'three' })),
  ]
  await done(member.patch(`/api/messages/${two.id}`, { content: 'edited' }, { 'if-match': '*' }))
  await done(owner.delete(`/api/messages/${three.id}`))
  await done(owner.post(`${room(back)}/messages`, { content: 'four', replyTo: three.id }))
  for (const id of [gone, back]) await done(owner.delete(room(id), await versionOf(owner, room(id))))
  await done(owner.post(`${room(back)}/restore`))
  await done(owner.delete(`${room(kept)}/members/${viewer.id}`))
  const [code, text] = [
    await upload(owner, 'a.ts', 'export const a = 1\n', workspace.id),
    await upload(owner, 'b.md', '# B\n', workspace.id),
  ]
  await done(owner.delete(`/api/uploads/${text}`))
  for (const name of ['kept', 'dropped']) {
    const { job, source } = await done<{ job: { id: string }; source: { id: string } }>(
      owner.post('/api/analyze', { uploadIds: [code], name }),
    )
    t.equal((await ended(app, owner, job.id)).state, 'completed')
    if (name === 'dropped') await done(owner.delete(`/api/sources/${source.id}`))
  }
  await done(owner.delete(`${members}/${member.id}`))
  await client.find(says('messages', { role: 'assistant', status: 'complete' }))
  await client.find(says('jobs', { name: 'reply.generate', state: 'completed' }))
  const home = `/api/workspaces/${workspace.id}`
  await done(owner.patch(home, { name: 'The last change' }, await versionOf(owner, home)))
  await client.find(says('workspaces', { name: 'The last change' }))

  const told = changesOf(client, topic)
  t.equal(told[0]?.seq, 1, 'from the first on')
  t.ok(gapless(told.map(({ seq }) => seq)))
  for (const { table, operation, id, record } of told) {
    const rows = mirror.get(table) as Map<string, object>
    if (operation === 'insert') t.notOk(rows.has(id), `${table} is inserted once`)
    if (operation === 'update' && table !== 'workspaces') t.ok(rows.has(id), `${table} was there before`)
    if (operation === 'delete') rows.delete(id)
    else rows.set(id, record)
    // A conversation takes what is in it along when it goes, and brings it back when it is restored: that is not told row by row.
    if (table !== 'conversations' || operation === 'update') continue
    const [from, to] = operation === 'delete' ? [mirror, shelf] : [shelf, mirror]
    for (const [name, rows] of from) {
      for (const [key, row] of rows) {
        if ((row as { conversationId?: string }).conversationId !== id) continue
        rows.delete(key)
        to.get(name)?.set(key, row)
      }
    }
  }
  for (const table of CHANGED_TABLES) {
    const own =
      table === 'workspace_members' ? (row: object) => (row as { userId: string }).userId !== owner.id : () => true
    const sorted = (rows: object[]) => rows.map((row) => JSON.stringify(row, columnsOf(table))).sort()
    const there = (await rowsOf(app, table, workspace.id)).filter(own)
    t.same(sorted([...(mirror.get(table) as Map<string, object>).values()]), sorted(there), table)
    t.ok(there.length > 0, `${table} has rows`)
  }
})
