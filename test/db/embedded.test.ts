import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import postgres from 'postgres'
import t, { type Test } from 'tap'
import { type EmbeddedOptions, findEmbeddedPostgres, startEmbeddedPostgres } from '../../src/db/embedded/index.ts'
import { isRunning } from '../../src/db/embedded/lock.ts'

const HOLDER = fileURLToPath(new URL('../helpers/embedded-holder.ts', import.meta.url))
const isRoot = process.getuid?.() === 0

function tempDir(t: Test): string {
  const dir = mkdtempSync(join(tmpdir(), 'parley-pg-'))
  chmodSync(dir, 0o755)
  t.teardown(() => rmSync(dir, { recursive: true, force: true, maxRetries: 5 }))
  return dir
}

async function start(t: Test, options: EmbeddedOptions) {
  const embedded = await startEmbeddedPostgres(options)
  t.teardown(() => embedded.stop())
  return embedded
}

async function query(url: string, text: string) {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  try {
    return await sql.unsafe(text)
  } finally {
    await sql.end()
  }
}

async function until(condition: () => boolean | Promise<boolean>, what: string) {
  for (const end = Date.now() + 15_000; Date.now() < end; await delay(20)) if (await condition()) return
  throw new Error(`timed out: ${what}`)
}

/** A process that holds an embedded PostgreSQL, and its lines as they come. */
function holder(t: Test, ...args: string[]) {
  const child: ChildProcess = spawn(process.execPath, ['--import=tsx', HOLDER, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]()
  const next = async () => JSON.parse((await lines.next()).value ?? '{}')
  return { child, next }
}

t.test('first start, second start, state and modes', async (t) => {
  const dataDir = join(tempDir(t), 'data')
  const first = await startEmbeddedPostgres({ dataDir })
  const [row] = await query(
    first.url,
    `select current_setting('fsync') fsync, current_setting('jit') jit, current_setting('server_version_num')::int version,
      current_setting('listen_addresses') listen, current_setting('unix_socket_directories') sockets, getdatabaseencoding() encoding,
      current_setting('data_checksums') checksums`,
  )
  t.match(row, { fsync: 'on', jit: 'off', listen: '127.0.0.1', sockets: '', encoding: 'UTF8', checksums: 'on' })
  t.ok(row?.version >= 180000)
  await query(first.url, 'create extension pg_trgm; create table kept (n int); insert into kept values (7)')
  t.equal(findEmbeddedPostgres(dataDir), first.url, 'another tool finds the running server')
  await t.rejects(
    startEmbeddedPostgres({ dataDir }),
    { busy: true, message: /already using/ },
    'a second start says so',
  )
  await first.stop()
  await first.stop()
  t.equal(findEmbeddedPostgres(dataDir), undefined)
  t.equal(statSync(join(dataDir, 'postgres.json')).mode & 0o777, 0o600)
  t.equal(statSync(join(dataDir, 'postgres')).mode & 0o777, 0o700)
  t.equal(statSync(dataDir).mode & 0o777, isRoot ? 0o711 : 0o700)
  t.equal(existsSync(join(dataDir, 'postgres.lock')), false)

  const moved = `${dataDir}-moved`
  renameSync(dataDir, moved)
  const second = await start(t, { dataDir: moved, settings: { work_mem: '3MB' } })
  t.equal(second.url, first.url, 'port and password are kept, and the directory may be moved')
  t.same([...(await query(second.url, "select n, current_setting('work_mem') mem from kept"))], [{ n: 7, mem: '3MB' }])
  const wrong = new URL(second.url)
  wrong.password = 'wrong'
  await t.rejects(query(wrong.href, 'select 1'), { code: '28P01' }, 'the password is asked for')
})

t.test('a taken port is replaced and the new one kept', async (t) => {
  const dataDir = tempDir(t)
  const first = await startEmbeddedPostgres({ dataDir })
  await first.stop()
  const squatter = createServer().listen(Number(new URL(first.url).port), '127.0.0.1')
  await once(squatter, 'listening')
  t.teardown(() => squatter.close())
  const second = await start(t, { dataDir })
  t.not(new URL(second.url).port, new URL(first.url).port)
  t.equal(findEmbeddedPostgres(dataDir), second.url)
})

t.test('a lost state file: the cluster gets a new password', async (t) => {
  const dataDir = tempDir(t)
  const first = await startEmbeddedPostgres({ dataDir })
  await query(first.url, 'create table kept (n int)')
  await first.stop()
  rmSync(join(dataDir, 'postgres.json'))
  const second = await start(t, { dataDir })
  t.not(new URL(second.url).password, new URL(first.url).password)
  t.same([...(await query(second.url, 'select count(*)::int n from kept'))], [{ n: 0 }])
})

t.test('PostgreSQL killed with SIGKILL comes back on the same address with every committed row', async (t) => {
  const warnings: string[] = []
  const log = { debug() {}, info() {}, warn: (_: object, message: string) => void warnings.push(message) }
  const embedded = await start(t, { dataDir: tempDir(t), log })
  await query(embedded.url, 'create table kept (n int); insert into kept values (1)')
  const before = embedded.pid() ?? 0
  process.kill(before, 'SIGKILL')
  await until(
    () =>
      query(embedded.url, 'select n from kept').then(
        (rows) => rows.length === 1,
        () => false,
      ),
    'healing',
  )
  t.not(embedded.pid(), before)
  t.match(warnings, [/ended unexpectedly/])
})

t.test('kill -9 of the parent, then a start on the same directory', async (t) => {
  const dataDir = join(tempDir(t), 'data')
  const parent = holder(t, dataDir)
  const { url, pid } = await parent.next()
  await query(url, 'create table kept (n int); insert into kept select generate_series(1, 1000)')
  const other = holder(t, dataDir)
  t.match(await other.next(), { busy: true, error: new RegExp(`pid ${parent.child.pid}.*DATA_DIR`) })
  t.equal((await once(other.child, 'exit'))[0], 1)
  parent.child.kill('SIGKILL')
  await once(parent.child, 'exit')
  const next = await start(t, { dataDir })
  t.equal(isRunning(pid), false, 'the orphan is gone')
  t.same([...(await query(next.url, 'select count(*)::int n from kept'))], [{ n: 1000 }])
})

t.test(
  'a killed parent that nobody has waited for yet is dead all the same',
  { skip: process.platform !== 'linux' },
  async (t) => {
    const dataDir = join(tempDir(t), 'data')
    // The shell starts the holder and becomes a program that never reaps it.
    const shell = spawn(
      'sh',
      [
        '-c',
        '"$0" --import=tsx "$1" "$2" & echo "{\\"holder\\":$!}"; exec sleep 60',
        process.execPath,
        HOLDER,
        dataDir,
      ],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    )
    t.teardown(() => shell.kill('SIGKILL'))
    const seen: Record<string, unknown> = {}
    for await (const line of createInterface({ input: shell.stdout })) {
      Object.assign(seen, JSON.parse(line))
      if ('holder' in seen && 'url' in seen) break
    }
    process.kill(seen.holder as number, 'SIGKILL')
    while (!/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${seen.holder}/stat`, 'utf8'))) await delay(10)
    const next = await start(t, { dataDir })
    t.equal((await query(next.url, 'select 1 as one')).length, 1)
  },
)

t.test('kill -9 in the middle of the first start heals', async (t) => {
  const dataDir = join(tempDir(t), 'data')
  for (const pause of [20, 150, 300]) {
    const parent = holder(t, dataDir, 'begin')
    await parent.next()
    await delay(pause)
    parent.child.kill('SIGKILL')
    await once(parent.child, 'exit')
  }
  const embedded = await start(t, { dataDir })
  t.same([...(await query(embedded.url, 'select 1 one'))], [{ one: 1 }])
})

t.test('a stale lock file of PostgreSQL whose number another program has now', async (t) => {
  const dataDir = tempDir(t)
  await (await startEmbeddedPostgres({ dataDir })).stop()
  writeFileSync(join(dataDir, 'postgres', 'postmaster.pid'), `${process.pid}\n${dataDir}/postgres\n0\n1\n\n127.0.0.1\n`)
  writeFileSync(join(dataDir, 'postgres.lock'), JSON.stringify({ pid: process.pid, started: 'another time' }))
  const embedded = await start(t, { dataDir })
  t.same([...(await query(embedded.url, 'select 1 one'))], [{ one: 1 }])
})

t.test('what it refuses, in sentences', async (t) => {
  const cases: [string, (dir: string) => void, RegExp][] = [
    ['another version', (dir) => writeFileSync(join(dir, 'PG_VERSION'), '17\n'), /made by PostgreSQL 17/],
    ['something else', (dir) => writeFileSync(join(dir, 'photo.jpg'), 'x'), /no PostgreSQL cluster/],
  ]
  for (const [name, prepare, message] of cases) {
    const dataDir = tempDir(t)
    mkdirSync(join(dataDir, 'postgres'))
    prepare(join(dataDir, 'postgres'))
    await t.rejects(startEmbeddedPostgres({ dataDir }), { name: 'EmbeddedPostgresError', message }, name)
    t.equal(existsSync(join(dataDir, 'postgres.lock')), false, `${name}: the lock is released`)
  }
  const file = join(tempDir(t), 'file')
  writeFileSync(file, '')
  await t.rejects(startEmbeddedPostgres({ dataDir: join(file, 'data') }), /cannot be made/)
  const dataDir = tempDir(t)
  await t.rejects(
    startEmbeddedPostgres({ dataDir, settings: { shared_buffers: 'much' } }),
    /did not start:(.|\n)*shared_buffers/,
  )
  for (const platform of ['win32', 'sunos']) {
    const real = Object.getOwnPropertyDescriptor(process, 'platform')!
    Object.defineProperty(process, 'platform', { ...real, value: platform })
    try {
      const message = `There is no embedded PostgreSQL for ${platform}-${process.arch}. Set DATABASE_URL to a PostgreSQL 15 or newer instead.`
      await t.rejects(startEmbeddedPostgres({ dataDir: tempDir(t) }), { name: 'EmbeddedPostgresError', message })
    } finally {
      Object.defineProperty(process, 'platform', real)
    }
  }
})

t.test(
  'root with a data directory that PostgreSQL may not enter',
  { skip: isRoot ? false : 'needs root' },
  async (t) => {
    const sharedDir = tempDir(t)
    const home = tempDir(t)
    chmodSync(home, 0o700)
    chownSync(home, 0, 0)
    const dataDir = join(home, 'data')
    const messages: string[] = []
    const log = { debug() {}, info() {}, warn: (_: object, message: string) => void messages.push(message) }
    const first = await startEmbeddedPostgres({ dataDir, sharedDir, log })
    await query(first.url, 'create table kept (n int)')
    await first.stop()
    t.match(messages, [/kept elsewhere/])
    t.match(JSON.parse(readFileSync(join(dataDir, 'postgres.json'), 'utf8')).elsewhere, sharedDir)
    const second = await start(t, { dataDir, sharedDir })
    t.same([...(await query(second.url, 'select count(*)::int n from kept'))], [{ n: 0 }])
  },
)
