import { execFileSync } from 'node:child_process'
import { join, resolve } from 'node:path'
import { writeArchive } from './archive.ts'

/**
 * Asks Python itself about a folder of sources and writes what it says with the sources into one archive, for test/graph/oracles.test.ts.
 * `node --import=tsx scripts/oracles/freeze-python.ts <folder> <out.tar.br> <name> <version> [<folder on sys.path>...]`
 */
const [folder, out, name, version, ...entries] = process.argv.slice(2) as [string, string, string, string, ...string[]]
const root = resolve(folder)
const script = join(import.meta.dirname, 'python.py')
const said = JSON.parse(execFileSync('python3', [script, root, ...entries], { maxBuffer: 2 ** 30 }).toString()) as {
  paths: string[]
  imports: [string, string][]
  definitions: [string, ...unknown[]][]
  calls: [string, number, string, string, ...unknown[]][]
}
const at = new Map(said.paths.map((path, index) => [path, index]))
const imports = said.imports.map((edge) => edge.map((path) => at.get(path)))
const definitions = said.definitions.map(([path, ...rest]) => [at.get(path), ...rest])
const calls = said.calls.map(([path, line, from, to, ...rest]) => [at.get(path), line, from, at.get(to), ...rest])
await writeArchive(root, { ...said, package: { name, version }, imports, definitions, calls }, out)
