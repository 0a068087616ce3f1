import t from 'tap'
import { csvLine } from '../../src/audit/csv.ts'
import { caller, PASSWORD, person, testApp } from '../helpers/app.ts'

t.test('filters, workspaces and exports', async (t) => {
  const app = await testApp(t)
  const [ada, eve, nobody] = [await person(app), await person(app, 'eve'), caller(app)]
  await app.accounts.provision({ email: 'root@example.org', password: PASSWORD, role: 'admin', tier: 'free' })
  const login = await nobody.post('/api/auth/login', { email: 'root@example.org', password: PASSWORD })
  const root = caller(app, { authorization: `Bearer ${login.json<{ accessToken: string }>().accessToken}` })
  const { id } = (await ada.post('/api/workspaces', { name: 'W' })).json<{ id: string }>()
  await ada.post(`/api/workspaces/${id}/members`, { userId: eve.id, role: 'member' })
  const actions = async (as: Pick<typeof ada, 'get'>, query: string) =>
    (await as.get(`/api/audit?${query}`)).json<{ items: { action: string }[] }>().items.map(({ action }) => action)

  t.same(await actions(root, `actorId=${ada.id}&targetId=${eve.id}`), ['workspace.member_added'])
  t.same(await actions(root, `workspaceId=${id}`), ['workspace.member_added', 'workspace.created'])
  t.same(await actions(root, `until=2020-01-01T00:00:00Z`), [])
  t.ok((await actions(root, 'since=2020-01-01T00:00:00Z')).length >= 5)
  t.same(await actions(eve, `workspaceId=${id}`), ['workspace.member_added'], 'others only see their own')
  for (const query of ['since=yesterday', 'actorId=x', 'action=nothing']) {
    t.equal((await root.get(`/api/audit?${query}`)).statusCode, 400, query)
  }

  const log = `/api/workspaces/${id}/audit`
  t.match((await ada.get(log)).json(), {
    items: [{ action: 'workspace.member_added', workspaceId: id }, { action: 'workspace.created' }],
  })
  t.equal((await eve.get(log)).statusCode, 403)
  t.equal((await root.get(log)).statusCode, 404, 'an administrator is no member by that')
  t.equal((await nobody.get(log)).statusCode, 401)
  t.equal((await ada.get(`${log}?limit=0`)).statusCode, 400)

  const jsonl = await root.get(`/api/audit/export?workspaceId=${id}`)
  t.match(jsonl.headers, {
    'content-type': /x-ndjson/,
    'content-disposition': /^attachment; filename="audit-.*jsonl"$/,
  })
  t.match(
    jsonl.body
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as object),
    [{ action: 'workspace.member_added' }, { action: 'workspace.created' }],
  )
  await app.db.sql`
    insert into audit_log (id, action, actor_id, details)
    select gen_random_uuid(), 'account.login', ${eve.id}, '{}' from generate_series(1, 2500)`
  const csv = await eve.get('/api/audit/export?format=csv&action=account.login')
  t.equal(csv.body.trimEnd().split('\r\n').length, 2501, 'a head and all lines, over several batches')
  t.match(csv.body, /^id,createdAt,action,actorId/)
  t.equal((await eve.get(`/api/audit/export?userId=${ada.id}`)).statusCode, 403)
  t.equal((await nobody.get('/api/audit/export')).statusCode, 401)
  t.equal((await eve.get('/api/audit/export?format=xlsx')).statusCode, 400)
  t.ok((await actions(root, 'action=audit.exported')).length >= 2, 'exports are audited themselves')
})

t.test('SECURITY 69: no field of a CSV is taken for a formula', async (t) => {
  for (const start of ['=', '+', '-', '@', '\t', '\r']) {
    const line = csvLine([`${start}cmd|' /C calc'!A0`])
    t.match(line, /^"?'/, JSON.stringify(start))
  }
  t.equal(csvLine(['a "quoted", one', null, 'plain']), '"a ""quoted"", one",,plain\r\n')
})

t.test('SECURITY 76: the audit log only grows, for the role of the app too', async (t) => {
  const app = await testApp(t)
  await person(app)
  for (const statement of ["update audit_log set action = 'x'", 'delete from audit_log', 'truncate audit_log']) {
    await t.rejects(Promise.resolve(app.db.sql.unsafe(statement)), /append-only/, statement)
  }
  const [row] = await app.db.sql<{ lines: number }[]>`select count(*)::int as lines from audit_log`
  t.ok((row?.lines ?? 0) > 0)
})
