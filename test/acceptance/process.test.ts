import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { testDatabase } from '../helpers/database.ts'
import { testRedis } from '../helpers/redis.ts'
import {
  dataFolder,
  failedStart,
  isAlive,
  postgresPid,
  request,
  runCli,
  type ServerProcess,
  startServer,
} from '../helpers/server-process.ts'

const isRoot = process.getuid?.() === 0
const PASSWORD = 'correct horse battery staple'

const register = (server: ServerProcess, email: string) =>
  request(`${server.origin}/api/auth/register`, { email, password: PASSWORD })
const login = (server: ServerProcess, email: string) =>
  request(`${server.origin}/api/auth/login`, { email, password: PASSWORD })

t.test('first start, what it says, a second process beside it, and a clean end', async (t) => {
  const dataDir = dataFolder(t)
  const server = await startServer(t, { env: { DATA_DIR: dataDir } }).ready()
  for (const path of ['/docs', '/ws', '/health']) t.match(server.output(), path, `prints ${path}`)
  t.match(server.output(), 'npx parley user create', 'tells how to make the first account')
  t.match((await request(`${server.origin}/health`)).body, { status: 'ok', checks: { database: { status: 'ok' } } })

  const { port } = new URL(server.origin)
  const sameData = await failedStart(t, { DATA_DIR: dataDir })
  t.match(
    sameData,
    { code: 69, output: /Another Parley process \(pid \d+\) is already using/ },
    'the data directory is taken',
  )
  const databaseUrl = await testDatabase(t)
  const samePort = await failedStart(t, { DATA_DIR: dataFolder(t), DATABASE_URL: databaseUrl, PORT: port })
  t.match(samePort, { code: 69, output: /Port \d+ on 127\.0\.0\.1 is already in use/ }, 'the port is taken')
  t.notMatch(samePort.output, /\n\s+at /, 'a sentence, not a stack')

  const made = await runCli(t, ['user', 'create', '--email', 'root@example.com', '--password', PASSWORD, '--admin'], {
    DATA_DIR: dataDir,
  })
  t.match(made, { code: 0, output: /administrator root@example.com/ }, 'a command works beside the running server')
  t.match((await login(server, 'root@example.com')).body, { user: { role: 'admin' } })

  const postgres = postgresPid(dataDir) ?? 0
  t.ok(isAlive(postgres))
  t.equal(await server.stop('SIGINT'), 0)
  t.equal(isAlive(postgres), false, 'PostgreSQL ended with it')

  const again = await startServer(t, { env: { DATA_DIR: dataDir } }).ready()
  t.notMatch(again.output(), 'npx parley user create', 'the second start no longer does')
  t.equal((await login(again, 'root@example.com')).status, 200)
  t.equal(await again.stop(), 0)
})

t.test('SIGTERM: not ready at once, still serving, then exit 0', async (t) => {
  const env = { DATA_DIR: dataFolder(t), DATABASE_URL: await testDatabase(t), DRAIN_DELAY_MS: '1500' }
  const server = await startServer(t, { env }).ready()
  server.child.kill('SIGTERM')
  // npm hands Ctrl-C on a second time: that is not a person who insists.
  server.child.kill('SIGINT')
  let status = 200
  for (const end = Date.now() + 1_000; status !== 503 && Date.now() < end; )
    status = (await request(`${server.origin}/health/ready`)).status
  t.equal(status, 503, 'readiness says no')
  t.equal((await register(server, 'late@example.com')).status, 201, 'requests are still served')
  const begin = Date.now()
  t.equal(await server.exited, 0)
  t.ok(Date.now() - begin < 8_000)
  await t.rejects(fetch(server.origin))
})

t.test('kill -9 of the server, three times: everything acknowledged is there, and it starts again', async (t) => {
  const dataDir = dataFolder(t)
  const acknowledged: string[] = []
  for (let round = 0; round < 3; round++) {
    const server = await startServer(t, { env: { DATA_DIR: dataDir } }).ready()
    for (const email of acknowledged)
      t.equal((await login(server, email)).status, 200, `${email} is there in round ${round}`)
    let count = 0
    const writing = (async () => {
      for (;;) {
        const email = `u${round}-${count++}@example.com`
        const answer = await register(server, email).catch(() => undefined)
        if (answer?.status !== 201) return
        acknowledged.push(email)
      }
    })()
    while (count < 5) await delay(10)
    server.child.kill('SIGKILL')
    await Promise.all([server.exited, writing])
  }
  const last = await startServer(t, { env: { DATA_DIR: dataDir } }).ready()
  for (const email of acknowledged) t.equal((await login(last, email)).status, 200, `${email} is there at the end`)
  t.equal(await last.stop(), 0)
})

t.test('kill -9 of PostgreSQL under a running server: it heals by itself', async (t) => {
  const dataDir = dataFolder(t)
  const server = await startServer(t, { env: { DATA_DIR: dataDir } }).ready()
  t.equal((await register(server, 'kept@example.com')).status, 201)
  process.kill(postgresPid(dataDir) ?? 0, 'SIGKILL')
  let status = 0
  for (const end = Date.now() + 30_000; status !== 200 && Date.now() < end; await delay(50)) {
    status = (await login(server, 'kept@example.com').catch(() => ({ status: 0 }))).status
  }
  t.equal(status, 200)
  t.equal(await server.stop(), 0)
})

t.test('external services by DATABASE_URL and REDIS_URL alone', async (t) => {
  const redis = await testRedis(t)
  if (redis === undefined) return
  const dataDir = dataFolder(t)
  const server = await startServer(t, {
    env: { DATA_DIR: dataDir, DATABASE_URL: await testDatabase(t), REDIS_URL: redis },
  }).ready()
  t.match((await request(`${server.origin}/health`)).body, { status: 'ok', checks: { redis: { status: 'ok' } } })
  t.equal(existsSync(join(dataDir, 'postgres.json')), false, 'no embedded PostgreSQL')
  t.equal((await register(server, 'ada@example.com')).status, 201)
  t.equal(await server.stop(), 0)
})

t.test('a worker shows its health and metrics, and nothing else', async (t) => {
  const env = { DATA_DIR: dataFolder(t), DATABASE_URL: await testDatabase(t), ROLE: 'worker' }
  const server = await startServer(t, { env }).ready()
  t.equal((await request(`${server.origin}/metrics`)).status, 200)
  for (const path of ['/', '/docs', '/api/auth/me'])
    t.match(await request(`${server.origin}${path}`), { status: 404, body: { code: 'NOT_FOUND' } }, path)
  t.equal((await register(server, 'ada@example.com')).status, 404)
  t.equal(await server.stop(), 0)
})

t.test('a cluster: one port, a killed worker comes back, a signal ends all', async (t) => {
  const dataDir = dataFolder(t)
  const server = await startServer(t, { env: { DATA_DIR: dataDir, CLUSTER_WORKERS: '2' } }).ready()
  t.equal((await register(server, 'ada@example.com')).status, 201)
  const workers = execFileSync('pgrep', ['-P', String(server.child.pid), 'node'], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map(Number)
  t.equal(workers.length, 2)
  // A port that nobody listens on any more is given back, and it was chosen by the system: both have to hold it before one is killed.
  const listening = () => server.output().split('Server listening').length - 1
  for (const end = Date.now() + 60_000; listening() < 2 && Date.now() < end; ) await delay(20)
  t.equal(listening(), 2)
  process.kill(workers[0] ?? 0, 'SIGKILL')
  const restarted = () => server.output().includes('a worker ended and is started again')
  for (const end = Date.now() + 10_000; !restarted() && Date.now() < end; await delay(20)) {
    const { status } = await login(server, 'ada@example.com').catch(() => ({ status: 'cut' }))
    t.ok(status === 200 || status === 'cut', `while one is away: ${status}`)
  }
  t.ok(restarted())
  await server.ready()
  t.equal((await login(server, 'ada@example.com')).status, 200)
  t.equal(await server.stop(), 0)
  t.equal(workers.some(isAlive), false)
  t.equal(postgresPid(dataDir), undefined)
})

t.test('as an ordinary user when the tests run as root', { skip: isRoot ? false : 'needs root' }, async (t) => {
  const nobody = Number(/^nobody:[^:]*:(\d+)/m.exec(readFileSync('/etc/passwd', 'utf8'))?.[1])
  const dataDir = dataFolder(t)
  execFileSync('chown', [String(nobody), dirname(dataDir)])
  for (const round of ['first', 'second']) {
    const server = await startServer(t, { env: { DATA_DIR: dataDir, NODE_V8_COVERAGE: '' }, uid: nobody }).ready()
    t.match((await request(`${server.origin}/health`)).body, { status: 'ok' }, `${round} start`)
    t.equal(await server.stop(), 0)
  }
})
