import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { writeArchive } from './archive.ts'
import { askRemark } from './remark.ts'

/**
 * Asks remark about the links of the Markdown files of an unpacked package and writes what it says with all files of the folder into one archive, for
 * test/graph/oracles-documents.test.ts.
 * `node --import=tsx scripts/oracles/freeze-markdown.ts <folder> <out.tar.br> <folder where remark is installed>`
 */
const [folder, out, home] = process.argv.slice(2) as [string, string, string]
const root = resolve(folder)
const { tools, links, broken } = await askRemark(root, resolve(home))
const paths = [...new Set(links.flatMap(([from, , to]) => [from, to]))].sort()
const at = new Map(paths.map((path, index) => [path, index]))
const { name, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<string, string>
const rows = links.map(([from, line, to, toLine]) => [at.get(from), line, at.get(to), toLine])
await writeArchive(root, { package: { name, version }, tools, paths, links: rows, broken }, out)
