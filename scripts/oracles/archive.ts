import { createWriteStream, readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { constants, createBrotliCompress } from 'node:zlib'
import { pack } from 'tar-stream'

/** Writes an oracle and the sources it is about into one archive: tar, Brotli, without times. */
export async function writeArchive(root: string, oracle: object, out: string): Promise<void> {
  const archive = pack()
  archive.entry({ name: 'oracle.json', mtime: new Date(0) }, JSON.stringify(oracle))
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  for (const path of files.map((entry) => join(entry.parentPath, entry.name)).sort()) {
    archive.entry({ name: `package/${relative(root, path)}`, mtime: new Date(0) }, readFileSync(path))
  }
  archive.finalize()
  const params = { [constants.BROTLI_PARAM_LGWIN]: 24 }
  await pipeline(archive, createBrotliCompress({ params }), createWriteStream(out))
}
