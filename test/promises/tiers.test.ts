import { randomBytes } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { TIER_LIMITS, TIERS, type Tier } from '../../src/contracts/policy.ts'
import { createJobRepository } from '../../src/jobs/repository.ts'
import type { Usage } from '../../src/usage/model.ts'
import { caller, type Person, person, testApp } from '../helpers/app.ts'
import { fileForm } from '../uploads/form.ts'

/** What the free tier may in these tests: small, so that the highest can be reached. */
const BASE = { UPLOAD_MAX_BYTES: '1000', WORKSPACE_MAX_BYTES: '4000' }

async function ofTier(app: FastifyInstance, tier: Tier): Promise<Person> {
  const somebody = await person(app, tier)
  await app.db.sql`update users set tier = ${tier} where id = ${somebody.id}`
  await app.sessions.forget(somebody.id)
  return somebody
}

const upload = (who: Person, bytes: number, workspaceId?: string) => {
  const { payload, headers } = fileForm('a.bin', randomBytes(bytes))
  return who.post(`/api/uploads${workspaceId ? `?workspaceId=${workspaceId}` : ''}`, payload, headers)
}
const tus = (who: Person, bytes: number, workspaceId?: string) =>
  who.post('/api/uploads/tus', undefined, {
    'tus-resumable': '1.0.0',
    'upload-length': String(bytes),
    'upload-metadata': `filename ${btoa('a.bin')}${workspaceId ? `,workspaceId ${btoa(workspaceId)}` : ''}`,
  })
const usage = async (who: Person, workspaceId?: string) =>
  (await who.get(`/api/usage${workspaceId ? `?workspaceId=${workspaceId}` : ''}`)).json<Usage>()
const teamOf = async (owner: Person, ...members: Person[]) => {
  const { id } = (await owner.post('/api/workspaces', { name: 'Team' })).json<{ id: string }>()
  for (const { id: userId } of members) await owner.post(`/api/workspaces/${id}/members`, { userId, role: 'member' })
  return id
}

t.test('the size of a file, by the tier of whoever sends it', async (t) => {
  const app = await testApp(t, { env: { ...BASE, WORKSPACE_MAX_BYTES: '10000000' } })
  for (const tier of TIERS) {
    const who = await ofTier(app, tier)
    const most = 1000 * TIER_LIMITS[tier].uploadBytes
    const rows: [name: string, answer: ReturnType<typeof upload>, status: number, code?: string][] = [
      ['exactly as much', upload(who, most), 201],
      ['a byte more', upload(who, most + 1), 413, 'PAYLOAD_TOO_LARGE'],
      ['exactly as much, resumable', tus(who, most), 201],
      ['a byte more, resumable', tus(who, most + 1), 413, 'PAYLOAD_TOO_LARGE'],
    ]
    for (const [name, answer, status, code] of rows) {
      const { statusCode, body } = await answer
      t.equal(statusCode, status, `${tier}: ${name}`)
      if (code) t.match(JSON.parse(body), { code, status, detail: new RegExp(String(most)) }, `${tier}: ${name}`)
    }
    t.match(await usage(who), { tier, uploads: { maxFileBytes: most } })
  }
  const [free, enterprise] = [await ofTier(app, 'free'), await ofTier(app, 'enterprise')]
  const team = await teamOf(enterprise, free)
  t.equal((await upload(free, 1001, team)).statusCode, 413, 'the tier of the owner does not lend its size')
  t.equal((await upload(enterprise, 1001, team)).statusCode, 201)
})

t.test('storage of a workspace, by the tier of its owner, against twenty at once', async (t) => {
  const app = await testApp(t, { env: { ...BASE, DATABASE_POOL: '10' } })
  const bytes = 990
  for (const tier of ['free', 'premium'] as const) {
    const owner = await ofTier(app, tier)
    const member = await ofTier(app, 'enterprise')
    const team = await teamOf(owner, member)
    const limit = 4000 * TIER_LIMITS[tier].storage
    const room = Math.floor(limit / bytes)
    for (let filled = 0; filled + 10 < room; filled++) t.equal((await upload(owner, bytes, team)).statusCode, 201)
    const tries = Array.from({ length: 20 }, (_, index) => (index % 2 ? tus : upload)(member, bytes, team))
    const answers = await Promise.all(tries)
    const made = answers.filter(({ statusCode }) => statusCode === 201).length
    for (const answer of answers)
      if (answer.statusCode !== 201) t.match(answer.json(), { status: 413, code: 'QUOTA_EXCEEDED' }, tier)
    const { storage } = await usage(member, team)
    t.equal(storage.limit, limit, `${tier}: the limit of the owner's tier, whoever uploads`)
    t.ok(storage.used <= limit, `${tier}: ${storage.used} of ${limit}`)
    t.ok(made >= 1 && made < 20, `${tier}: ${made} of 20 fitted`)
    const [row] = await app.db.sql<{ used: number; sum: number }[]>`
      select used_bytes as used, (select sum(size)::int8 from uploads where workspace_id = ${team}) as sum
      from workspace_storage where workspace_id = ${team}`
    t.equal(row?.used, row?.sum, `${tier}: what counts is what is there`)
  }

  const owner = await ofTier(app, 'premium')
  for (let filled = 0; filled < 5; filled++) await upload(owner, bytes)
  await app.db.sql`update users set tier = 'free' where id = ${owner.id}`
  await app.sessions.forget(owner.id)
  t.match(await usage(owner), { storage: { used: 5 * bytes, limit: 4000 } }, 'a lower tier takes nothing away')
  t.match((await upload(owner, 1)).json(), { code: 'QUOTA_EXCEEDED' }, 'and lets nothing more in')
})

t.test('GET /api/usage: whose it is', async (t) => {
  const app = await testApp(t)
  const [ada, eve] = [await person(app), await person(app, 'eve')]
  const personal = (await ada.get('/api/workspaces')).json<{ items: { id: string }[] }>().items[0]?.id
  const month = new Date()
  t.strictSame(await usage(ada), {
    tier: 'free',
    storage: { workspaceId: personal, used: 0, limit: app.config.WORKSPACE_MAX_BYTES },
    uploads: { maxFileBytes: app.config.UPLOAD_MAX_BYTES },
    assistantTokens: {
      used: 0,
      limit: null,
      resetsAt: new Date(Date.UTC(month.getUTCFullYear(), month.getUTCMonth() + 1, 1)).toISOString(),
    },
    sockets: { limit: TIER_LIMITS.free.sockets },
    requests: { factor: 1 },
  })
  t.equal((await eve.get(`/api/usage?workspaceId=${personal}`)).statusCode, 404, 'not of others')
  t.equal((await app.inject('/api/usage')).statusCode, 401)
  t.equal((await ada.get('/api/usage?workspaceId=x')).statusCode, 400)
})

t.test('a service account has the limits of who owns its workspace, and uses what they have', async (t) => {
  const app = await testApp(t, { env: { ...BASE, RATE_LIMIT_READ: '7/60' } })
  const [owner, next] = [await ofTier(app, 'premium'), await ofTier(app, 'enterprise')]
  const team = await teamOf(owner, next)
  const url = `/api/workspaces/${team}/service-accounts`
  const { id } = (await owner.post(url, { name: 'robot', role: 'admin' })).json<{ id: string }>()
  const scopes = ['account:read', 'uploads:read', 'uploads:write', 'conversations:write']
  const made = await owner.post(`${url}/${id}/api-keys`, { name: 'k', scopes })
  const robot = caller(app, { authorization: `Bearer ${made.json<{ key: string }>().key}` }) as Person
  const limits = (tier: Tier) => {
    const { uploadBytes, storage, sockets, requests } = TIER_LIMITS[tier]
    return {
      tier,
      storage: { workspaceId: team, limit: 4000 * storage },
      uploads: { maxFileBytes: 1000 * uploadBytes },
      sockets: { limit: sockets },
      requests: { factor: requests },
    }
  }
  const quota = async () => (await robot.get('/api/auth/me')).headers['ratelimit-policy']
  t.match(await usage(robot), limits('premium'))
  t.equal(await quota(), '"read";q=35;w=60')
  t.equal((await upload(robot, 1001, team)).statusCode, 201, 'over REST')
  const inJobs = await createJobRepository(app.db.sql).actorOf(id)
  t.match(inJobs, { userId: id, tier: 'premium', payerId: owner.id }, 'and in its jobs')

  const asked = await robot.post('/api/chat', { message: 'What is there?', workspaceId: team })
  t.equal(asked.statusCode, 200, asked.body)
  const spent = (await usage(owner)).assistantTokens.used
  t.ok(spent > 0, 'what it asks is counted for the owner')
  t.equal((await usage(robot)).assistantTokens.used, spent)
  t.same(await app.db.sql`select user_id as id from assistant_usage`, [{ id: owner.id }])

  t.equal((await owner.post(`/api/workspaces/${team}/transfer`, { userId: next.id })).statusCode, 200)
  app.apiKeys.forget(made.json<{ id: string }>().id)
  t.match(await usage(robot), limits('enterprise'), 'handed over, it has those of the new owner')
  t.equal(await quota(), '"read";q=140;w=60')
})

t.test('all keys of somebody, those of service accounts too, share one bound', async (t) => {
  const app = await testApp(t, { env: { RATE_LIMIT_READ: '4/60' } })
  const owner = await person(app)
  const team = await teamOf(owner)
  const url = `/api/workspaces/${team}/service-accounts`
  const statuses: number[] = []
  for (let index = 0; index < 7; index += 1) {
    const { id } = (await owner.post(url, { name: `robot ${index}` })).json<{ id: string }>()
    const key = await owner.post(`${url}/${id}/api-keys`, { name: 'k', scopes: ['account:read'] })
    const robot = caller(app, { authorization: `Bearer ${key.json<{ key: string }>().key}` })
    for (let call = 0; call < 4; call += 1) statuses.push((await robot.get('/api/auth/me')).statusCode)
  }
  t.same(statuses, [...Array(20).fill(200), ...Array(8).fill(429)], 'making accounts makes no budgets without end')
})
