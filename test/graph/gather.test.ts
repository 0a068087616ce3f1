import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import type { UploadFile } from '../../src/contracts/uploads.ts'
import { openContents } from '../../src/graph/analysis/contents.ts'
import { gather } from '../../src/graph/gather.ts'
import { unpack } from '../../src/uploads/archive/unpack.ts'
import { makeTar, makeZip } from '../uploads/archives.ts'

const base = t.testdir({})
const MAX_FILE_BYTES = 400_000
const sha256 = (text = '') => createHash('sha256').update(text, 'latin1').digest('hex')

/** Gathers uploads by their names, and reads back what came of them. */
async function gathered(uploads: Record<string, Buffer>, signal = new AbortController().signal) {
  const directory = await mkdtemp(join(base, 'gather-'))
  const files = Object.entries(uploads).map(([name, content]) => {
    const kind = /\.(?:zip|tar|gz)$/.test(name) ? 'archive' : 'text'
    return { id: name, name, kind, size: content.length } as UploadFile
  })
  const read = async (id: string) => Readable.from([uploads[id] as Buffer])
  const result = await gather({ read, unpack, maxFileBytes: MAX_FILE_BYTES }, files, directory, signal, () => {})
  const contents = openContents({ root: directory, pack: result.pack })
  const texts = Object.fromEntries(result.files.map((file) => [file.path, contents.read(file)?.toString('latin1')]))
  contents.close()
  return { ...result, texts }
}

const MEMBERS = [
  { name: 'a.ts', data: 'export {}\n' },
  { name: 'empty.txt', data: '' },
  { name: 'folder/b.bin', data: Buffer.alloc(300_000, 'xyz') },
  { name: 'folder', data: 'a file where a folder is' },
  { name: 'a.ts/c.ts', data: 'below a file' },
  { name: 'a.ts', data: 'once more' },
  { name: 'folder/deep/er/d.md', data: '# ünï\n' },
]

t.test('an archive gives the files that a file system would hold of it', async (t) => {
  const archives = { 'x.zip': makeZip(MEMBERS), 'x.tar': makeTar(MEMBERS), 'x.tar.gz': gzipSync(makeTar(MEMBERS)) }
  for (const [name, archive] of Object.entries(archives)) {
    const directory = await mkdtemp(join(base, 'disk-'))
    const wanted = await unpack({ stream: Readable.from([archive]) }, { directory })
    const { files, texts, skipped, uploadOf } = await gathered({ [name]: archive })
    t.equal(wanted.files.length, 4)
    t.strictSame(
      texts,
      Object.fromEntries(wanted.files.map(({ path }) => [path, readFileSync(join(directory, path), 'latin1')])),
      name,
    )
    t.equal(skipped, wanted.skippedCount)
    t.strictSame(
      [...uploadOf],
      wanted.files.map(({ path }) => [path, name]),
    )
    for (const { path, size, hash } of files)
      t.strictSame([size, hash], [texts[path]?.length, sha256(texts[path])], path)
  }
})

t.test('the later upload wins; what is not analysed is named and not kept', async (t) => {
  const first = makeTar([
    { name: 'a.ts', data: 'first' },
    { name: 'b.ts', data: 'b' },
    { name: 'node_modules/x.js', data: 'x' },
    { name: 'large.ts', data: Buffer.alloc(MAX_FILE_BYTES + 1, 'x') },
  ])
  const { texts, uploadOf } = await gathered({
    '1.tar': first,
    'a.ts': Buffer.from('second'),
    '2.tar': makeTar([{ name: 'b.ts', data: 'B' }]),
  })
  const nothing = undefined
  t.strictSame(texts, { 'a.ts': 'second', 'b.ts': 'B', 'node_modules/x.js': nothing, 'large.ts': nothing })
  t.equal(uploadOf.get('a.ts'), 'a.ts')
  t.equal(uploadOf.get('b.ts'), '2.tar')
})

t.test('what cannot be unpacked is refused, and what is ended ends', async (t) => {
  await t.rejects(gathered({ 'x.zip': Buffer.from('no archive') }), { code: 'ARCHIVE_REFUSED' })
  const controller = new AbortController()
  controller.abort(new Error('enough'))
  await t.rejects(gathered({ 'x.tar': makeTar(MEMBERS) }, controller.signal), { message: 'enough' })
})
