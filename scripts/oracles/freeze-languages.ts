import { resolve } from 'node:path'
import { writeArchive } from './archive.ts'
import { askCtags } from './ctags.ts'
import { askGcc, askJava, askRuby, holds } from './includes.ts'

/**
 * Asks ctags, and gcc, javac or Ruby where they can tell, about a folder of sources, and writes what they say with the sources into one archive,
 * for test/graph/oracles-languages.test.ts.
 * `node --import=tsx scripts/oracles/freeze-languages.ts <folder> <out.tar.br> <name> <version> [<folder of headers>...]`
 */
const [folder, out, name, version, ...headers] = process.argv.slice(2) as [string, string, string, string, ...string[]]
const root = resolve(folder)
const tags = askCtags(root)
const asked = holds(root, /\.(?:c|cc|cpp)$/)
  ? askGcc(root, headers)
  : holds(root, /\.java$/)
    ? askJava(root)
    : holds(root, /\.rb$/)
      ? askRuby(root)
      : { tool: {}, edges: [] }
const paths = [...new Set([...tags.names.map(([path]) => path), ...asked.edges.flat()])].sort()
const at = new Map(paths.map((path, index) => [path, index]))
const names: Record<number, string[]> = {}
for (const [path, one] of tags.names) {
  const index = at.get(path) as number
  names[index] = [...(names[index] ?? []), one]
}
await writeArchive(
  root,
  {
    package: { name, version },
    tools: { ctags: tags.version, ...asked.tool },
    paths,
    imports: asked.edges.map((edge) => edge.map((path) => at.get(path))),
    definitions: tags.definitions.map(([path, ...rest]) => [at.get(path), ...rest]),
    names: Object.fromEntries(Object.entries(names).map(([path, list]) => [path, [...new Set(list)]])),
  },
  out,
)
