import { execFileSync, spawnSync } from 'node:child_process'
import { openSync, readdirSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { writeArchive } from './archive.ts'

/**
 * Asks the compiler of a language (for PHP nikic/php-parser with its resolution of names) about a folder of sources, and writes what it says with the
 * sources into one archive, for test/graph/oracles-compilers.test.ts. The folder holds the sources alone, which all are part of one build.
 *
 * `node --import=tsx scripts/oracles/freeze-compilers.ts <go|java|php|rust> <folder> <out.tar.br> <name> <version> [<module path | tree>]`
 *
 * Go needs the module path, Rust the tree that `RUSTC_BOOTSTRAP=1 cargo rustc --lib --profile test --all-features -- -Zunpretty=hir-tree` prints.
 */

interface Call {
  path: string
  line: number
  from: string
  toPath: string
  toLine: number
  to: string
  form: string
}

interface Said {
  version: string
  files: string[]
  imports: [string, string][]
  disputed: [string, string][]
  definitions: { path: string; line: number; kind: string; name: string }[]
  calls: Call[]
}

const TOOLS = join(import.meta.dirname, 'compilers')
const MOST = 2 ** 30

function sources(root: string, extension: string): string[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith(extension))
    .sort()
}

function askGo(root: string, module: string): Said {
  const env = { ...process.env, GO111MODULE: 'off' }
  const said = execFileSync('go', ['run', join(TOOLS, 'Names.go'), root, module], { env, maxBuffer: MOST })
  return JSON.parse(said.toString()) as Said
}

function askJava(root: string): Said {
  const paths = sources(root, '.java')
  const printed = execFileSync('java', [join(TOOLS, 'Names.java'), ...paths], { cwd: root, maxBuffer: MOST })
  const version = spawnSync('java', ['-version']).stderr.toString().split('\n')[0] ?? ''
  const said: Said = { version, files: [], imports: [], disputed: [], definitions: [], calls: [] }
  for (const line of printed.toString().trim().split('\n')) {
    const [what, path = '', second = '', third = '', fourth = '', fifth = '', sixth = '', seventh = ''] =
      line.split('\t')
    if (what === 'file') said.files.push(path)
    else if (what === 'import') said.imports.push([path, second])
    else if (what === 'disputed') said.disputed.push([path, second])
    else if (what === 'def') said.definitions.push({ path, line: Number(second), kind: third, name: fourth })
    else {
      const place = { path, line: Number(second), from: third }
      said.calls.push({ ...place, toPath: fourth, toLine: Number(fifth), to: sixth, form: seventh })
    }
  }
  return said
}

function askPhp(root: string): Said {
  return JSON.parse(
    execFileSync('php', ['-d', 'memory_limit=-1', join(TOOLS, 'names.php'), root], { maxBuffer: MOST }).toString(),
  ) as Said
}

function askRust(tree: string): Said {
  const stdio: ['inherit' | number, 'pipe', 'inherit'] = [openSync(tree, 'r'), 'pipe', 'inherit']
  const said = execFileSync('python3', [join(TOOLS, 'rustc.py')], { stdio, maxBuffer: MOST }).toString()
  const version = execFileSync('rustc', ['--version']).toString().trim()
  return { ...(JSON.parse(said) as Omit<Said, 'version'>), version }
}

const [language, folder, out, name, version, more = ''] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
  string,
  string?,
]
const root = resolve(folder)
const ASK: Record<string, () => Said> = {
  go: () => askGo(root, more),
  java: () => askJava(root),
  php: () => askPhp(root),
  rust: () => askRust(more),
}
const said = ASK[language]?.()
if (said === undefined) throw new Error(`No such language: ${language}`)

const edges = [...said.imports, ...(said.disputed ?? [])]
/** `/` is the folder itself. */
const own = (path: string) => path === '/' || !relative(root, resolve(root, path)).startsWith('..')
const paths = [...new Set([...said.files, ...edges.flat(), ...said.calls.flatMap((call) => [call.path, call.toPath])])]
  .filter(own)
  .sort()
const at = new Map(paths.map((path, index) => [path, index]))
const names = [...new Set(said.calls.flatMap(({ from, to }) => [from, to]))].sort()
const nameAt = new Map(names.map((one, index) => [one, index]))
const right = new Set(said.imports.map((edge) => edge.join('\n')))
const calls = [...new Map(said.calls.map((call) => [JSON.stringify(call), call])).values()]
await writeArchive(
  root,
  {
    package: { name, version },
    tools: { [language]: said.version },
    paths,
    names,
    files: said.files.map((path) => at.get(path)),
    imports: said.imports.map((edge) => edge.map((path) => at.get(path))),
    disputed: (said.disputed ?? [])
      .filter((edge) => !right.has(edge.join('\n')))
      .map((edge) => edge.map((path) => at.get(path))),
    definitions: said.definitions.map(({ path, line, kind, name: one }) => [at.get(path), line, kind, one]),
    calls: calls.map((call) => [
      at.get(call.path),
      call.line,
      nameAt.get(call.from),
      at.get(call.toPath),
      call.toLine,
      nameAt.get(call.to),
      call.form,
    ]),
  },
  out,
)
