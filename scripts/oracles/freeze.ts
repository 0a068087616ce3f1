import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { writeArchive } from './archive.ts'
import { askDependencyCruiser, askMadge } from './bundlers.ts'
import { askTypeScript, sourceFiles } from './typescript.ts'

/**
 * Asks the independent tools about a folder of sources, and writes what they say with the sources into one archive (tar, Brotli), for
 * test/graph/oracles.test.ts. The folder is an unpacked `npm pack` with its licence, without what is built.
 * `node --import=tsx scripts/oracles/freeze.ts <folder> <out.tar.br> <folder where madge is installed>`
 */
const [folder, out, madge] = process.argv.slice(2) as [string, string, string]
const root = resolve(folder)
const own = new Set(sourceFiles(root))
const compiler = askTypeScript(root)
const tools = { 'dependency-cruiser': askDependencyCruiser(root), madge: await askMadge(root, resolve(madge)) }
const votes = new Map<string, number>()
for (const imports of [compiler.imports, tools['dependency-cruiser'].imports, tools.madge.imports]) {
  for (const edge of new Set(imports.map((pair) => pair.join('\n')))) {
    const [from, to] = edge.split('\n') as [string, string]
    if (from !== to && own.has(from) && own.has(to)) votes.set(edge, (votes.get(edge) ?? 0) + 1)
  }
}
const pairs = (least: number, most: number) =>
  [...votes]
    .filter(([, count]) => count >= least && count <= most)
    .map(([edge]) => edge.split('\n'))
    .sort()
const versions = {
  typescript: compiler.version,
  'dependency-cruiser': tools['dependency-cruiser'].version,
  madge: tools.madge.version,
}
const { name, version, license } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<
  string,
  string
>
const paths = [...own]
const at = new Map(paths.map((path, index) => [path, index]))
const edges = (list: string[][]) => list.map((edge) => edge.map((path) => at.get(path)))
const oracle = {
  package: { name, version, license },
  tools: versions,
  paths,
  imports: edges(pairs(2, 3)),
  disputed: edges(pairs(1, 1)),
  definitions: compiler.definitions.map(([path, ...rest]) => [at.get(path), ...rest]),
  calls: compiler.calls.map(([path, line, from, to, ...rest]) => [at.get(path), line, from, at.get(to), ...rest]),
}
await writeArchive(root, oracle, out)
