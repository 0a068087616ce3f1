import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { pack } from 'tar-stream'

/** Folders that hold no source of a project, whatever the project. */
const SKIP = new Set(['node_modules', 'dist', 'data', 'coverage', 'build', 'target', 'vendor', '__pycache__'])
const LARGEST = 1024 * 1024

async function* sourceFiles(folder: string): AsyncGenerator<string> {
  const entries = await readdir(folder, { withFileTypes: true })
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name)
    if (entry.name.startsWith('.') || SKIP.has(entry.name) || entry.name.startsWith('dist.')) continue
    if (entry.isDirectory()) yield* sourceFiles(path)
    else if (entry.isFile()) yield path
  }
}

/** A folder of sources as a tar.gz. */
export type Packed = { data: Blob; files: number; bytes: number }

/** Packs the sources below a folder (no dependencies, no build output, no hidden files). Needs neither git nor tar. */
export async function packSources(root: string): Promise<Packed> {
  const archive = pack()
  const zipped = archive.pipe(createGzip())
  const chunks: Buffer[] = []
  zipped.on('data', (chunk: Buffer) => chunks.push(chunk))
  const finished = new Promise<void>((resolve, reject) => zipped.once('end', resolve).once('error', reject))
  let files = 0
  let bytes = 0
  for await (const path of sourceFiles(root)) {
    const { size, mtime } = await stat(path)
    if (size > LARGEST) continue
    const name = relative(root, path).split(sep).join('/')
    const entry = archive.entry({ name, size, mtime, mode: 0o644 })
    await pipeline(createReadStream(path, { end: Math.max(0, size - 1) }), entry)
    files += 1
    bytes += size
  }
  archive.finalize()
  await finished
  return { data: new Blob(chunks, { type: 'application/gzip' }), files, bytes }
}
