import { spawnSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { readdir, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import t from 'tap'
import { createLocalStorage } from '../../src/adapters/storage/local.ts'
import type { Storage } from '../../src/contracts/storage.ts'

/** One backend under test: a fresh storage, and what it still keeps of unfinished writes. */
type Backend = { storage: Storage; leftovers: () => Promise<string[]> }

type Tap = { testdir: (content: Record<string, string>) => string }

const backends: Record<string, (t: Tap) => Promise<Backend>> = {
  local: async (t) => {
    const directory = t.testdir({})
    return {
      storage: await createLocalStorage({ directory }),
      leftovers: () => readdir(join(directory, 'tmp')),
    }
  },
}

const sha256 = (data: Uint8Array) => createHash('sha256').update(data).digest('hex')
const bytes = (...chunks: Uint8Array[]) => Readable.from(chunks)
const refused = (code: string) => ({ name: 'StorageError', code })

for (const [name, open] of Object.entries(backends)) {
  t.test(`${name}: the storage contract`, async (t) => {
    const { storage, leftovers } = await open(t)
    t.teardown(() => storage.close())
    const read = async (key: string, range?: { start: number; end?: number }) =>
      buffer((await storage.get(key, range)).stream)

    await t.test('an object comes back as it was written', async (t) => {
      const data = randomBytes(300_000)
      const stored = await storage.put('uploads/a', bytes(data.subarray(0, 100_000), data.subarray(100_000)))
      t.same(stored, { size: 300_000, sha256: sha256(data) })
      t.ok(data.equals(await read('uploads/a')))
      const head = await storage.head('uploads/a')
      t.equal(head?.size, 300_000)
      t.ok(head && Math.abs(head.modifiedAt.getTime() - Date.now()) < 60_000)
      t.same(await leftovers(), [])
    })

    await t.test('an empty object is an object', async (t) => {
      t.match(await storage.put('empty', bytes()), { size: 0, sha256: sha256(new Uint8Array()) })
      const opened = await storage.get('empty')
      t.match({ size: opened.size, end: opened.end }, { size: 0, end: -1 })
      t.equal((await buffer(opened.stream)).length, 0)
      await t.rejects(storage.get('empty', { start: 0 }), refused('INVALID_RANGE'))
    })

    await t.test('a second write replaces the first, a failed one leaves it', async (t) => {
      await storage.put('twice', bytes(Buffer.from('first')))
      await storage.put('twice', bytes(Buffer.from('second')))
      t.equal(String(await read('twice')), 'second')
      await t.rejects(storage.put('twice', bytes(Buffer.alloc(10)), { maxBytes: 9 }), refused('TOO_LARGE'))
      t.equal(String(await read('twice')), 'second')
    })

    await t.test('ranges', async (t) => {
      await storage.put('ranges', bytes(Buffer.from('0123456789')))
      const rows: [{ start: number; end?: number }, string][] = [
        [{ start: 0 }, '0123456789'],
        [{ start: 0, end: 0 }, '0'],
        [{ start: 3, end: 5 }, '345'],
        [{ start: 9 }, '9'],
        [{ start: 8, end: 1e9 }, '89'],
      ]
      for (const [range, expected] of rows) t.equal(String(await read('ranges', range)), expected)
      const opened = await storage.get('ranges', { start: 8, end: 99 })
      opened.stream.destroy()
      t.match(opened, { size: 10, start: 8, end: 9 })
      for (const range of [{ start: 10 }, { start: -1 }, { start: 5, end: 4 }, { start: 0.5 }, { start: Number.NaN }]) {
        await t.rejects(storage.get('ranges', range), refused('INVALID_RANGE'))
      }
    })

    await t.test('missing objects', async (t) => {
      await t.rejects(storage.get('nothing/here'), refused('NOT_FOUND'))
      t.equal(await storage.head('nothing/here'), null)
      await storage.delete('nothing/here')
      await storage.put('gone', bytes(Buffer.from('x')))
      await storage.delete('gone')
      await storage.delete('gone')
      t.equal(await storage.head('gone'), null)
    })

    await t.test('keys that are no keys', async (t) => {
      const bad = ['', '/', '/etc/passwd', '../up', 'a/../b', 'a//b', 'a/', './a', 'a/.hidden', 'a\\b', 'a\0b', 'Upper']
      bad.push('x'.repeat(129), 'a/'.repeat(20).concat('b'), 'sp ace', 'é', 'a:b')
      for (const key of bad) {
        await t.rejects(storage.put(key, bytes(Buffer.from('x'))), refused('INVALID_KEY'), JSON.stringify(key))
        await t.rejects(storage.get(key), refused('INVALID_KEY'))
        await t.rejects(storage.head(key), refused('INVALID_KEY'))
        await t.rejects(storage.delete(key), refused('INVALID_KEY'))
      }
      t.same(await leftovers(), [])
    })

    await t.test('the size limit holds to the byte, and the source is let go', async (t) => {
      t.match(await storage.put('limit', bytes(Buffer.alloc(10)), { maxBytes: 10 }), { size: 10 })
      const source = new Readable({ read: () => source.push(Buffer.alloc(64 * 1024)) })
      await t.rejects(storage.put('endless', source, { maxBytes: 1_000_000 }), refused('TOO_LARGE'))
      t.equal(source.destroyed, true)
      t.equal(await storage.head('endless'), null)
      t.same(await leftovers(), [])
    })

    await t.test('a source that fails, hangs up or is aborted leaves nothing', async (t) => {
      async function* failing() {
        yield Buffer.alloc(1000)
        throw new Error('the peer is gone')
      }
      await t.rejects(storage.put('half/a', failing()), refused('ABORTED'))
      await t.rejects(storage.put('half/b', Readable.from(failing())), refused('ABORTED'))
      const hangsUp = new Readable({ read() {} })
      hangsUp.push(Buffer.alloc(1000))
      const put = storage.put('half/c', hangsUp)
      setImmediate(() => hangsUp.destroy())
      await t.rejects(put, refused('ABORTED'))
      const early = new Readable({ read() {} })
      const failsEarly = storage.put('half/d', early)
      early.destroy(new Error('before it was opened'))
      await t.rejects(failsEarly, refused('ABORTED'))
      const control = new AbortController()
      const silent = new Readable({ read() {} })
      const aborted = storage.put('half/e', silent, { signal: control.signal })
      setImmediate(() => control.abort())
      await t.rejects(aborted, refused('ABORTED'))
      const late = bytes(Buffer.alloc(10))
      await t.rejects(storage.put('half/f', late, { signal: AbortSignal.abort() }), refused('ABORTED'))
      t.equal(late.destroyed, true)
      for (const key of ['half/a', 'half/b', 'half/c', 'half/d', 'half/e', 'half/f']) {
        t.equal(await storage.head(key), null, key)
      }
      t.same(await leftovers(), [])
    })

    await t.test('many at once, also to one key', async (t) => {
      const many = Array.from({ length: 20 }, (_, i) => Buffer.alloc(50_000, i))
      await Promise.all(many.map((data, i) => storage.put(`many/${i}`, bytes(data))))
      for (const [i, data] of many.entries()) t.ok(data.equals(await read(`many/${i}`)))
      await Promise.all(many.map((data) => storage.put('one', bytes(data.subarray(0, 20_000), data.subarray(20_000)))))
      const winner = await read('one')
      t.ok(
        many.some((data) => data.equals(winner)),
        'one whole object wins',
      )
    })

    await t.test('memory stays bounded while a large object passes', async (t) => {
      const chunk = Buffer.alloc(1024 * 1024)
      let peak = 0
      const before = process.memoryUsage().rss
      async function* large() {
        for (let i = 0; i < 200; i++) {
          yield chunk
          peak = Math.max(peak, process.memoryUsage().rss)
        }
      }
      t.equal((await storage.put('large', large())).size, 200 * 1024 * 1024)
      t.ok(peak - before < 60 * 1024 * 1024, `${Math.round((peak - before) / 1e6)} MB`)
      await storage.delete('large')
    })

    await t.test('health', async (t) => t.match(await storage.health(), { status: 'ok' }))
  })
}

t.test('local: what is special about a file system', async (t) => {
  await t.test('temp files of a crash go at start, those of living processes stay', async (t) => {
    const directory = t.testdir({})
    await (await createLocalStorage({ directory })).put('kept', bytes(Buffer.from('x')))
    const tmp = join(directory, 'tmp')
    const storage = await createLocalStorage({ directory })
    const busy = new Readable({ read() {} })
    busy.push(Buffer.from('half'))
    const put = storage.put('busy', busy)
    while ((await readdir(tmp)).length === 0) await new Promise(setImmediate)
    const [own = ''] = await readdir(tmp)
    const [host] = own.split('.')
    const dead = `${host}.4194999.aaaaaaaaaaaa.0000000000000001`
    const earlier = `${host}.${process.pid}.bbbbbbbbbbbb.0000000000000002`
    const sibling = `${host}.${process.ppid}.cccccccccccc.0000000000000003`
    const elsewhere = 'ffffffffffff.1.dddddddddddd.0000000000000004'
    const abandoned = 'ffffffffffff.1.dddddddddddd.0000000000000005'
    for (const name of [dead, earlier, sibling, elsewhere, abandoned]) await writeFile(join(tmp, name), 'half')
    await utimes(join(tmp, abandoned), new Date(0), new Date(0))
    await createLocalStorage({ directory })
    t.same((await readdir(tmp)).sort(), [own, sibling, elsewhere].sort())
    busy.push(null)
    t.match(await put, { size: 4 })
    t.match(await storage.head('kept'), { size: 1 })
  })

  await t.test('a directory or a missing parent is no object', async (t) => {
    const directory = t.testdir({})
    const storage = await createLocalStorage({ directory })
    await storage.put('a/b', bytes(Buffer.from('x')))
    await t.rejects(storage.get('a'), refused('NOT_FOUND'))
    await t.rejects(storage.get('a/b/c'), refused('NOT_FOUND'))
    t.equal(await storage.head('a'), null)
    await storage.delete('a')
    await t.rejects(storage.put('a/b/c', bytes(Buffer.from('x'))), refused('UNAVAILABLE'))
    t.match(await storage.head('a/b'), { size: 1 })
    t.same(await readdir(join(directory, 'tmp')), [])
  })

  await t.test('storage that cannot be written says so', async (t) => {
    const directory = t.testdir({ file: 'not a directory' })
    await t.rejects(createLocalStorage({ directory: join(directory, 'file') }), refused('UNAVAILABLE'))
    await symlink('/nonexistent/target', join(directory, 'dangling'))
    await t.rejects(createLocalStorage({ directory: join(directory, 'dangling') }), refused('UNAVAILABLE'))
    const storage = await createLocalStorage({ directory: join(directory, 'ok'), lowWaterBytes: 2 ** 60 })
    const nearlyFull = await storage.health()
    t.match(nearlyFull, { status: 'degraded', freeBytes: Number })
    await rm(join(directory, 'ok', 'tmp'), { recursive: true })
    t.match(await storage.health(), { status: 'down', detail: String })
    const source = bytes(Buffer.from('x'))
    await t.rejects(storage.put('x', source), refused('UNAVAILABLE'))
    t.equal(source.destroyed, true)
  })

  await t.test('a full disk', async (t) => {
    const directory = t.testdir({})
    const script = `
      process.on('SIGXFSZ', () => {})
      const { createLocalStorage } = await import(${JSON.stringify(new URL('../../src/adapters/storage/local.ts', import.meta.url).href)})
      const { readdirSync } = await import('node:fs')
      const { Readable } = await import('node:stream')
      const directory = ${JSON.stringify(directory)}
      const storage = await createLocalStorage({ directory })
      const fill = () => Readable.from(Array.from({ length: 64 }, () => Buffer.alloc(64 * 1024, 1)))
      const full = await storage.put('big', fill()).catch((error) => error.code)
      const after = await storage.put('small', Readable.from([Buffer.from('x')]))
      console.log(JSON.stringify({ full, head: await storage.head('big'), left: readdirSync(directory + '/tmp'), after: after.size }))`
    const node = `exec '${process.execPath}' --import=tsx --input-type=module -e "$SCRIPT"`
    const mount = `mount -t tmpfs -o size=2m tmpfs '${directory}' && ${node}`
    // A real small disk where the machine lets us mount one, else a limit on the size of files.
    const attempts = [
      ['unshare', '-m', 'sh', '-c', mount],
      ['unshare', '-Urm', 'sh', '-c', mount],
      ['sh', '-c', `ulimit -f 2000; ${node}`],
    ]
    const runs = attempts.map(
      ([command = '', ...args]) =>
        () =>
          spawnSync(command, args, { env: { ...process.env, SCRIPT: script }, encoding: 'utf8' }),
    )
    let result = ''
    for (const run of runs) result ||= run().stdout ?? ''
    t.same(JSON.parse(result), { full: 'FULL', head: null, left: [], after: 1 })
  })

  await t.test('files are for the server alone', async (t) => {
    const directory = t.testdir({})
    const storage = await createLocalStorage({ directory: join(directory, 'data') })
    await storage.put('secret/file', bytes(Buffer.from('x')))
    const mode = async (path: string) => (await stat(join(directory, 'data', path))).mode & 0o777
    for (const dir of ['.', 'objects', 'objects/secret', 'tmp']) t.equal(await mode(dir), 0o700, dir)
    t.equal(await mode('objects/secret/file'), 0o600)
  })
})
