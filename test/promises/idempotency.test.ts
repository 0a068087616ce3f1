import t from 'tap'
import { keyedRequest } from '../../src/idempotency/store.ts'
import { caller, PASSWORD, person, testApp } from '../helpers/app.ts'
import { testDatabase } from '../helpers/database.ts'

t.test('the same request again gets the first answer again', async (t) => {
  const app = await testApp(t)
  const ada = await person(app)
  const eve = await person(app, 'eve')
  const key = { 'idempotency-key': 'first' }
  const first = await ada.post('/api/workspaces', { name: 'One' }, key)
  const again = await ada.post('/api/workspaces', { name: 'One' }, key)
  t.equal(first.statusCode, 201)
  t.equal(first.headers['idempotency-replayed'], undefined)
  t.equal(again.statusCode, 201)
  t.equal(again.body, first.body)
  t.match(again.headers, {
    'idempotency-replayed': 'true',
    etag: first.headers.etag,
    location: first.headers.location,
    'content-type': first.headers['content-type'],
  })
  t.match(
    (await ada.post('/api/workspaces', { name: 'Two' }, key)).json(),
    { status: 422, code: 'IDEMPOTENCY_MISMATCH' },
    'another body',
  )
  t.match((await ada.post('/api/auth/logout', undefined, key)).json(), { status: 422 }, 'another route')
  t.equal(
    (await eve.post('/api/workspaces', { name: 'One' }, key)).headers['idempotency-replayed'],
    undefined,
    'another user has keys of their own',
  )
  t.match(
    (await ada.post('/api/workspaces', { name: 'One' }, { 'idempotency-key': 'ü' })).json(),
    { status: 400 },
    'a bad key',
  )

  const missingId = '01920b5e-7d3c-7cc0-8f6e-2f1f0d9a4b11'
  const missing = `/api/workspaces/${first.json<{ id: string }>().id}/members`
  const refused = await ada.post(missing, { userId: missingId, role: 'member' }, { 'idempotency-key': 'refused' })
  const refusedAgain = await ada.post(missing, { userId: missingId, role: 'member' }, { 'idempotency-key': 'refused' })
  t.equal(refused.statusCode, 422)
  t.equal(refusedAgain.body, refused.body, 'a refusal is replayed as well')
  t.match(refusedAgain.headers['content-type'], 'application/problem+json')
})

t.test('twenty at once: one runs', async (t) => {
  const app = await testApp(t)
  const ada = await person(app)
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => ada.post('/api/workspaces', { name: 'Same' }, { 'idempotency-key': 'k' })),
  )
  const made = answers.filter((answer) => answer.statusCode === 201)
  t.ok(made.length >= 1)
  t.equal(new Set(made.map((answer) => answer.body)).size, 1)
  t.ok(
    answers.every(
      (answer) =>
        answer.statusCode === 201 || (answer.statusCode === 409 && answer.headers['retry-after'] !== undefined),
    ),
  )
  const rows = await app.db.sql`select 1 from workspaces where name = 'Same'`
  t.equal(rows.length, 1)
})

t.test('registration: the tokens of the first answer, kept sealed', async (t) => {
  const app = await testApp(t)
  const nobody = caller(app)
  const body = { email: 'once@example.org', password: PASSWORD }
  const first = await nobody.post('/api/auth/register', body, { 'idempotency-key': 'r' })
  const again = await nobody.post('/api/auth/register', body, { 'idempotency-key': 'r' })
  t.equal(again.body, first.body)
  const [row] = await app.db.sql<{ text: string }[]>`select idempotency_keys::text as text from idempotency_keys`
  t.notMatch(row?.text, first.json<{ refreshToken: string }>().refreshToken)
})

t.test('a process that dies between commit and answer', async (t) => {
  const databaseUrl = await testDatabase(t)
  const env = { JWT_SECRET: 'a'.repeat(40), ENCRYPTION_KEY: `1:${Buffer.alloc(32, 7).toString('base64')}` }
  const app = await testApp(t, { databaseUrl, env })
  const ada = await person(app)
  const first = await ada.post('/api/workspaces', { name: 'Kept' }, { 'idempotency-key': 'k' })
  const [row] = await app.db.sql<
    { fingerprint: string; scope: string }[]
  >`select fingerprint, scope from idempotency_keys where key = 'k'`
  t.ok(row)
  // The state that kill -9 leaves: the effect and its outcome are committed, the answer was never stored.
  await app.db.sql`delete from idempotency_keys where key = 'k'`
  await app.db.sql`delete from workspace_members where workspace_id = ${first.json<{ id: string }>().id}`
  await app.db.sql`delete from workspaces where name = 'Kept'`
  await app.db
    .sql`insert into idempotency_keys (scope, key, fingerprint, lease_until) values (${row?.scope ?? ''}, 'k', ${row?.fingerprint ?? ''}, now() + interval '1 minute')`
  const service = app.workspaces.create({ userId: ada.id, role: 'user', tier: 'free' }, { name: 'Kept' })
  await service
  const keyed = { scope: row?.scope ?? '', key: 'k', fingerprint: row?.fingerprint ?? '' }
  await app.db.sql`delete from workspaces where name = 'Kept'`
  const kept = await keyedRequest.run(keyed, () =>
    app.workspaces.create({ userId: ada.id, role: 'user', tier: 'free' }, { name: 'Kept' }),
  )
  const after = await testApp(t, { databaseUrl, env })
  const again = await caller(after, ada.headers).post('/api/workspaces', { name: 'Kept' }, { 'idempotency-key': 'k' })
  t.equal(again.statusCode, 201)
  t.equal(again.headers['idempotency-replayed'], 'true')
  t.equal(again.json<{ id: string }>().id, kept.id)
  t.equal((await app.db.sql`select 1 from workspaces where name = 'Kept'`).length, 1, 'the effect is there once')
})

t.test('a lease that ran out without an effect is taken over', async (t) => {
  const app = await testApp(t)
  const ada = await person(app)
  await ada.post('/api/workspaces', { name: 'A' }, { 'idempotency-key': 'k' })
  await app.db
    .sql`update idempotency_keys set status = null, outcome = null, lease_until = now() - interval '1 second' where key = 'k'`
  t.equal(
    (await ada.post('/api/workspaces', { name: 'A' }, { 'idempotency-key': 'k' })).headers['idempotency-replayed'],
    undefined,
  )
  await app.db
    .sql`update idempotency_keys set status = null, outcome = null, lease_until = now() + interval '1 minute' where key = 'k'`
  t.equal((await ada.post('/api/workspaces', { name: 'A' }, { 'idempotency-key': 'k' })).statusCode, 409)
})
