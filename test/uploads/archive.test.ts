import { randomBytes } from 'node:crypto'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { deflateRawSync, gzipSync } from 'node:zlib'
import t from 'tap'
import { pack } from 'tar-stream'
import type { ArchiveErrorCode, ArchiveLimits, SkipReason, UnpackOptions } from '../../src/contracts/archive.ts'
import { unpack } from '../../src/uploads/archive/unpack.ts'
import { makeTar, makeZip, pax, TAR_END, type TarMember, tarBlocks, type ZipMember } from './archives.ts'

/** Hands the bytes on in odd pieces, so that every border falls somewhere else. */
function* pieces(data: Buffer, size = 777) {
  for (let at = 0; at < data.length; at += size) yield data.subarray(at, at + size)
}

const base = t.testdir({})
let worlds = 0

/** Unpacks in a world of its own; `around` tells what else the attempt left beside and above the directory. */
async function attempt(archive: Buffer | Readable, options: Partial<UnpackOptions> = {}) {
  const world = join(base, String(worlds++))
  const directory = join(world, 'a', 'b', 'out')
  const stream = archive instanceof Readable ? archive : Readable.from(pieces(archive))
  const around = async () =>
    (await readdir(world, { recursive: true, withFileTypes: true }).catch(() => []))
      .filter((entry) => !entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((path) => !path.startsWith(directory))
  const content = (path: string) => readFile(join(directory, path), 'utf8')
  return { directory, content, around, run: () => unpack({ stream }, { directory, ...options }), stream }
}

const all = (...members: (ZipMember & TarMember)[]) => ({
  zip: makeZip(members),
  tar: makeTar(members),
  'tar.gz': gzipSync(makeTar(members)),
})

t.test('honest archives of every format', async (t) => {
  const big = randomBytes(200_000)
  const long = `${'deep/'.repeat(25)}file-with-a-long-name.ts`
  const archives = all(
    { name: 'README.md', data: '# Hi\n' },
    { name: './src/index.ts', data: 'export {}\n' },
    { name: 'src\\windows.ts', data: 'w' },
    { name: 'big.bin', data: big },
    { name: 'empty.txt', data: '' },
    { name: 'ünï/çödé.py', data: 'x = 1' },
    { name: 'inner.zip', data: makeZip([{ name: 'x', data: 'not opened' }]) },
  )
  for (const [format, archive] of Object.entries(archives)) {
    const { run, content, directory } = await attempt(archive)
    const result = await run()
    t.match(result, { format, skipped: [], skippedCount: 0 })
    const paths = ['README.md', 'src/index.ts', 'src/windows.ts', 'big.bin', 'empty.txt', 'ünï/çödé.py', 'inner.zip']
    t.same(
      result.files.map(({ path }) => path),
      paths,
      format,
    )
    t.equal(
      result.bytes,
      result.files.reduce((sum, { size }) => sum + size, 0),
    )
    t.equal(await content('src/index.ts'), 'export {}\n')
    t.ok(big.equals(await readFile(join(directory, 'big.bin'))))
    t.equal((await stat(join(directory, 'src/index.ts'))).mode & 0o777, 0o600)
  }

  const tars: Record<string, Buffer> = {
    'ustar prefix': makeTar([{ name: 'file.ts', prefix: 'a/b', data: 'x' }]),
    'pax path': makeTar([
      { name: 'global', type: 'g', data: pax({ comment: 'abc' }) },
      { name: 'short', type: 'x', data: pax({ path: long, mtime: '1.5' }) },
      { name: 'short', data: 'x' },
      { name: 'after', data: 'y' },
    ]),
    'GNU long name': makeTar([
      { name: '././@LongLink', type: 'L', data: `${long}\0`, magic: 'ustar  \0' },
      { name: long.slice(0, 100), data: 'x', magic: 'ustar  \0' },
    ]),
    V7: makeTar([{ name: 'old.c', data: 'x', magic: '' }]),
    'latin-1 name': makeTar([{ name: Buffer.from('caf\xe9', 'latin1'), data: 'x' }]),
    'binary size': makeTar([{ name: 'b', data: 'x', rawSize: Buffer.from('800000000000000000000001', 'hex') }]),
    'pax size': makeTar([
      { name: 'p', type: 'x', data: pax({ size: '1' }) },
      { name: 's', size: 0, data: 'x' },
    ]),
    directories: makeTar([
      { name: 'd/', type: '5' },
      { name: './', type: '5' },
      { name: 'o/' },
      { name: 'd/f', data: 'x' },
    ]),
  }
  const expected: Record<string, string[]> = {
    'ustar prefix': ['a/b/file.ts'],
    'pax path': [long, 'after'],
    'GNU long name': [long],
    V7: ['old.c'],
    'latin-1 name': ['café'],
    'binary size': ['b'],
    'pax size': ['s'],
    directories: ['d/f'],
  }
  for (const [name, tar] of Object.entries(tars)) {
    const { run, content } = await attempt(tar)
    const result = await run()
    t.same(
      result.files.map(({ path }) => path),
      expected[name],
      name,
    )
    t.equal(await content(result.files[0]?.path ?? ''), 'x', name)
    t.same(result.skipped, [], name)
  }

  const packer = pack()
  for (let i = 0; i < 50; i++)
    packer.entry({ name: `${'x'.repeat(90)}/${'y'.repeat(90)}${i}` }, Buffer.alloc(i * 100, 'z'))
  packer.finalize()
  t.equal((await (await attempt(Readable.from(packer))).run()).files.length, 50, 'what tar-stream packs')
  const twice = Buffer.concat([
    gzipSync(tarBlocks({ name: 'a', data: 'x' })),
    gzipSync(makeTar([{ name: 'b', data: 'y' }])),
  ])
  t.equal((await (await attempt(twice)).run()).files.length, 2, 'a gzip of two members')
  const noted = makeZip([{ name: 'a', data: 'x' }], { comment: 'made by hand' })
  t.equal((await (await attempt(noted)).run()).files.length, 1, 'a zip with a comment')
  const cp437 = makeZip([{ name: Buffer.from([0x81, 0x2e, 0x74]), data: 'x' }])
  t.same((await (await attempt(cp437)).run()).files, [{ path: 'ü.t', size: 1 }])
})

t.test('entries that are left out, while the rest comes through', async (t) => {
  const zipOnly: [string, ZipMember, SkipReason][] = [
    ['symlink', { name: 'link', data: '/etc/passwd', mode: 0o120777 }, 'link'],
    ['device', { name: 'dev', mode: 0o060644 }, 'special'],
    ['encrypted', { name: 'secret', data: 'x', flags: 1 }, 'encrypted'],
    ['LZMA', { name: 'lzma', data: 'x', method: 14 }, 'unsupported'],
    ['NUL', { name: 'a\0b', data: 'x' }, 'bad_name'],
    ['drive', { name: 'C:\\evil', data: 'x' }, 'absolute'],
  ]
  const tarOnly: [string, TarMember, SkipReason][] = [
    ['symlink', { name: 'link', type: '2', link: '/etc' }, 'link'],
    ['hardlink', { name: 'hard', type: '1', link: '../../../etc/passwd', size: 50 }, 'link'],
    ['character device', { name: 'tty', type: '3' }, 'special'],
    ['block device', { name: 'sda', type: '4' }, 'special'],
    ['pipe', { name: 'fifo', type: '6' }, 'special'],
    ['GNU sparse', { name: 'sparse', type: 'S', data: 'x' }, 'unsupported'],
  ]
  const names: [string, SkipReason][] = [
    ['../evil', 'traversal'],
    ['a/../../evil', 'traversal'],
    ['..\\..\\evil', 'traversal'],
    ['dir/..', 'traversal'],
    ['/etc/evil', 'absolute'],
    ['\\\\server\\share', 'absolute'],
    ['line\nbreak', 'bad_name'],
    ['right\u202eot-left', 'bad_name'],
    ['', 'bad_name'],
    ['x'.repeat(90).concat('/..'), 'traversal'],
    ['d/'.repeat(45).concat('f'), 'too_long'],
    ['ok', 'duplicate'],
    ['ok/below-a-file', 'conflict'],
    ['dir', 'conflict'],
    ['large', 'too_large'],
  ]
  const rows: [string, Buffer, SkipReason][] = [
    ...zipOnly.map(([name, member, why]) => [`zip: ${name}`, wrap('zip', member), why] as [string, Buffer, SkipReason]),
    ...tarOnly.map(([name, member, why]) => [`tar: ${name}`, wrap('tar', member), why] as [string, Buffer, SkipReason]),
    ...names.flatMap(([name, why]) =>
      (['zip', 'tar'] as const).map((format): [string, Buffer, SkipReason] => [
        `${format}: ${JSON.stringify(name).slice(0, 40)}`,
        wrap(format, { name, data: why === 'too_large' ? Buffer.alloc(5000, 'x') : 'x' }),
        why,
      ]),
    ),
  ]
  function wrap(format: 'zip' | 'tar', member: ZipMember & TarMember) {
    const members = [{ name: 'ok', data: 'first' }, { name: 'dir/x', data: 'x' }, member, { name: 'last', data: 'l' }]
    return format === 'zip' ? makeZip(members) : makeTar(members)
  }
  for (const [name, archive, reason] of rows) {
    const { run, content, around } = await attempt(archive, { limits: { maxDepth: 40, maxEntryBytes: 4000 } })
    const result = await run()
    t.same(
      result.files.map(({ path }) => path),
      ['ok', 'dir/x', 'last'],
      name,
    )
    t.match(result, { skipped: [{ path: String, reason }], skippedCount: 1 }, name)
    t.notMatch(result.skipped[0]?.path, /[\p{Cc}\u202e]/u, name)
    t.equal(await content('ok'), 'first')
    t.same(await around(), [], name)
  }

  const twins = await attempt(
    makeZip([
      { name: 'File', data: '1' },
      { name: 'file', data: '2' },
    ]),
  )
  const found = await twins.run()
  t.ok(
    found.files.length === 2 || found.skipped[0]?.reason === 'conflict',
    'names that differ in case: both, or a note',
  )
  t.equal(await twins.content('File'), '1')

  const many = await attempt(makeTar(Array.from({ length: 1200 }, () => ({ name: '../x' }))))
  const noted = await many.run()
  t.match([noted.skipped.length, noted.skippedCount], [1000, 1200])

  const choosy = await attempt(all({ name: 'a.ts', data: '1' }, { name: 'b.png', data: '22' }).zip, {
    keep: (path, size) => path.endsWith('.ts') && size === 1,
  })
  t.match(await choosy.run(), { files: [{ path: 'a.ts' }], skipped: [], bytes: 1 })
})

t.test('archives that are refused as a whole', async (t) => {
  const zeros = Buffer.alloc(20 * 1024 * 1024)
  const packed = deflateRawSync(zeros)
  const good = makeZip([
    { name: 'a', data: 'x'.repeat(5000) },
    { name: 'b', data: randomBytes(5000) },
  ])
  const gz = gzipSync(makeTar([{ name: 'a', data: randomBytes(5000) }]))
  const flipped = Buffer.from(makeZip([{ name: 'a', data: 'hello', method: 0 }]))
  flipped[31 + 2] = 0x21
  const brokenGzip = Buffer.from(gz)
  brokenGzip[2500] = (brokenGzip[2500] ?? 0) ^ 0xff
  const tar = makeTar([{ name: 'a', data: 'x'.repeat(2000) }])
  const honest = (name: string) => ({ name, raw: packed, data: zeros })
  const few = { maxEntries: 3 } satisfies Partial<ArchiveLimits>
  const five = ['1', '2', '3', '4', '5'].map((name) => ({ name, data: 'x' }))
  const rows: [string, Buffer, ArchiveErrorCode, RegExp, Partial<ArchiveLimits>?][] = [
    ['nothing', Buffer.alloc(0), 'UNSUPPORTED', /empty/],
    ['text', Buffer.from('hello'), 'UNSUPPORTED', /not an archive/],
    ['7z', Buffer.from('377abcaf271c0004', 'hex'), 'UNSUPPORTED', /7z/],
    ['gzip of text', gzipSync('hello'), 'UNSUPPORTED', /gzip/],
    ['zip cut in the middle', good.subarray(0, 3000), 'CORRUPT', /cut off/],
    ['zip without its last byte', good.subarray(0, -1), 'CORRUPT', /cut off|damaged/],
    ['zip with a wrong checksum', flipped, 'CORRUPT', /checksum/],
    [
      'zip with broken deflate data',
      makeZip([{ name: 'a', raw: Buffer.from('ffffff', 'hex'), size: 9 }]),
      'CORRUPT',
      /damaged/,
    ],
    ['zip entry longer than declared', makeZip([{ name: 'a', data: 'x'.repeat(99), size: 9 }]), 'CORRUPT', /longer/],
    ['zip entry shorter than declared', makeZip([{ name: 'a', data: 'x', size: 99 }]), 'CORRUPT', /shorter/],
    [
      'zip data past the end',
      makeZip([{ name: 'a', data: 'x', method: 0, size: 9999, packedSize: 9999 }]),
      'CORRUPT',
      /./,
    ],
    ['zip of encrypted entries', makeZip([{ name: 'a', data: 'x', flags: 1 }]), 'ENCRYPTED', /encrypted/],
    ['zip with strong encryption', makeZip([{ name: 'a', data: 'x', flags: 0x41 }]), 'ENCRYPTED', /encrypted/],
    ['zip with too many entries', makeZip(five), 'TOO_MANY_ENTRIES', /more than 3/, few],
    ['zip that lies about its count', makeZip(five, { count: 9 }), 'CORRUPT', /damaged/],
    ['tar with too many entries', makeTar(five), 'TOO_MANY_ENTRIES', /more than 3/, few],
    ['zip bomb, declared', makeZip([honest('a')]), 'RATIO', /100 times/],
    ['zip bomb, undeclared', makeZip([{ name: 'a', raw: packed, size: 100 }]), 'CORRUPT', /longer/],
    [
      'zip bomb of shared data',
      makeZip(['a', 'b', 'c'].map((name, i) => ({ ...honest(name), ...(i && { shares: 0 }) }))),
      'RATIO',
      /./,
    ],
    [
      'zip of overlapping entries',
      makeZip([
        { name: 'a', data: randomBytes(900) },
        ...['b', 'c'].map((name) => ({ name, data: '', raw: randomBytes(900), size: 900, shares: 0 })),
      ]),
      'CORRUPT',
      /overlap/,
    ],
    ['zip larger than allowed', good, 'TOO_LARGE', /8000/, { maxTotalBytes: 8000 }],
    ['tar larger than allowed', tar, 'TOO_LARGE', /2000/, { maxTotalBytes: 2000 }],
    ['tar.gz bomb', gzipSync(makeTar([{ name: 'a', data: zeros }])), 'RATIO', /100 times/],
    ['tar.gz bomb in an entry that is skipped', gzipSync(makeTar([{ name: '../a', data: zeros }])), 'RATIO', /./],
    ['tar.gz bomb behind the end', gzipSync(Buffer.concat([tar, zeros])), 'RATIO', /./],
    ['tar cut in an entry', tar.subarray(0, 1000), 'CORRUPT', /cut off/],
    ['tar cut in a header', Buffer.concat([tarBlocks({ name: 'a' }), tar.subarray(0, 100)]), 'CORRUPT', /cut off/],
    ['tar without its end', tar.subarray(0, -1024), 'CORRUPT', /end mark/],
    [
      'tar with a wrong checksum',
      Buffer.concat([tarBlocks({ name: 'a' }), tarBlocks({ name: 'b', badChecksum: true }), TAR_END]),
      'CORRUPT',
      /checksum/,
    ],
    ['tar with a negative size', makeTar([{ name: 'a', rawSize: Buffer.alloc(12, 0xff) }]), 'UNSUPPORTED', /./],
    [
      'tar with an endless size',
      Buffer.concat([tarBlocks({ name: 'a' }), tarBlocks({ name: 'b', rawSize: Buffer.alloc(12, 0x80) }), TAR_END]),
      'CORRUPT',
      /impossible/,
    ],
    [
      'tar of a huge pax header',
      makeTar([{ name: 'p', type: 'x', data: Buffer.alloc(70_000, '1') }]),
      'CORRUPT',
      /too large/,
    ],
    [
      'tar of endless pax headers',
      makeTar(Array.from({ length: 40 }, () => ({ name: 'p', type: 'x', data: pax({ path: 'x' }) }))),
      'CORRUPT',
      /too large/,
    ],
    [
      'tar of nonsense in a pax header',
      makeTar([{ name: 'p', type: 'x', data: '-5 =x\n' }, { name: 'a' }]),
      'CORRUPT',
      /extended/,
    ],
    [
      'tar of a negative pax size',
      makeTar([{ name: 'p', type: 'x', data: pax({ size: '-5' }) }, { name: 'a' }]),
      'CORRUPT',
      /impossible/,
    ],
    ['tar.gz cut off', gz.subarray(0, 3000), 'CORRUPT', /cut off/],
    ['tar.gz with flipped bits', brokenGzip, 'CORRUPT', /damaged/],
  ]
  for (const [name, archive, code, message, limits] of rows) {
    const { run, directory, around, stream } = await attempt(archive, limits ? { limits } : {})
    await t.rejects(run(), { name: 'ArchiveError', code, message }, name)
    await t.rejects(stat(directory), { code: 'ENOENT' }, `${name}: nothing is left`)
    t.same(await around(), [], `${name}: nothing is left beside it`)
    t.equal(stream.destroyed, true, `${name}: the source is let go`)
  }
})

t.test('a bomb of 1 MB that claims 10 GB costs neither memory nor disk', async (t) => {
  const member = Buffer.alloc(64 * 1024 * 1024)
  const raw = deflateRawSync(member)
  const zip = makeZip(
    Array.from({ length: 15 }, (_, i) => ({ name: `f${i}`, raw, data: '', size: 700_000_000, crc: 0 })),
  )
  t.ok(zip.length < 1_050_000)
  let written = 0
  const limits = { maxTotalBytes: 2 ** 40 }
  const declared = await attempt(zip, {
    limits,
    onProgress: () => {
      written += 1
    },
  })
  await t.rejects(declared.run(), { code: 'RATIO' })
  t.equal(written, 0, 'refused by its table of contents, before a byte is unpacked')

  const before = process.memoryUsage().rss
  let peak = 0
  const watch = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage().rss)
  }, 5)
  async function* bomb() {
    yield tarBlocks({ name: 'bomb', size: 8 * 1024 ** 3 - 1 })
    for (let i = 0; i < 10_000; i++) yield Buffer.alloc(1024 * 1024)
  }
  const { createGzip } = await import('node:zlib')
  const streamed = await attempt(Readable.from(bomb()).pipe(createGzip()), {
    limits: { maxEntryBytes: 2 ** 40, maxTotalBytes: 2 ** 40 },
  })
  await t.rejects(streamed.run(), { code: 'RATIO' })
  clearInterval(watch)
  t.ok(peak - before < 100 * 1024 * 1024, `${Math.round((peak - before) / 1e6)} MB more at the peak`)
  await t.rejects(stat(streamed.directory), { code: 'ENOENT' })
})

t.test('sources and targets', async (t) => {
  const dir = t.testdir({ used: { file: 'x' }, 'a.txt': 'text' })
  const { zip, tar } = all({ name: 'a', data: 'x' })
  for (const [name, data] of Object.entries({ zip, tar })) {
    await writeFile(join(dir, name), data)
    const result = await unpack({ path: join(dir, name) }, { directory: join(dir, 'out', name) })
    t.match(result, { files: [{ path: 'a', size: 1 }], format: name })
  }
  await t.rejects(unpack({ path: join(dir, 'a.txt') }, { directory: join(dir, 'new') }), { code: 'UNSUPPORTED' })
  await t.rejects(unpack({ path: join(dir, 'zip') }, { directory: join(dir, 'used') }), /not empty/)
  t.equal(await readFile(join(dir, 'used', 'file'), 'utf8'), 'x')
  await t.rejects(unpack({ path: join(dir, 'missing') }, { directory: join(dir, 'new') }), { code: 'ENOENT' })

  for (const when of ['before', 'while reading', 'while writing'] as const) {
    const control = new AbortController()
    const source = new Readable({
      read() {
        if (when === 'while reading') control.abort()
      },
    })
    source.push(tarBlocks({ name: 'a', data: 'x' }))
    source.push(tarBlocks({ name: 'b', data: Buffer.alloc(9000), size: 1e6 }))
    const { run, directory } = await attempt(source, {
      signal: control.signal,
      onProgress: () => {
        if (when === 'while writing') control.abort()
      },
    })
    if (when === 'before') control.abort()
    const running = run()
    await t.rejects(running, { code: 'ABORTED' }, when)
    t.equal(source.destroyed, true)
    await t.rejects(stat(directory), { code: 'ENOENT' })
  }
  const failing = await attempt(
    Readable.from(
      (async function* () {
        yield tar.subarray(0, 600)
        throw new Error('storage is gone')
      })(),
    ),
  )
  await t.rejects(failing.run(), /storage is gone/, "the source's own error comes through")
})
