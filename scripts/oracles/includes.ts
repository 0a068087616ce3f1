import { execFileSync, spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'

/** Import edges as a compiler or the language's own tool sees them. */
export interface Imports {
  tool: Record<string, string>
  edges: [from: string, to: string][]
}

const filesOf = (root: string, pattern: RegExp) =>
  readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && pattern.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))

/** Who includes whom, as `gcc -H` opens the files; `folders` are where it looks for headers. */
export function askGcc(root: string, folders: string[]): Imports {
  const edges = new Set<string>()
  const options = folders.flatMap((folder) => ['-I', resolve(root, folder)])
  for (const path of filesOf(root, /\.(?:c|cc|cpp|h|hpp)$/)) {
    const language = /\.(?:c|h)$/.test(path) ? 'c' : 'c++'
    const run = spawnSync('gcc', ['-H', '-fsyntax-only', '-x', language, ...options, join(root, path)])
    const open = [path]
    for (const line of run.stderr.toString().split('\n')) {
      const found = /^(\.+) (.+)$/.exec(line)
      if (!found) continue
      const depth = (found[1] as string).length
      open.length = depth
      const to = relative(root, resolve(found[2] as string))
      const from = open[depth - 1] as string
      open.push(to)
      if (!from.startsWith('..') && !to.startsWith('..') && from !== to) edges.add(`${from}\n${to}`)
    }
  }
  const version = execFileSync('gcc', ['-dumpfullversion']).toString().trim()
  return { tool: { gcc: version }, edges: [...edges].sort().map((edge) => edge.split('\n') as [string, string]) }
}

/** `require_relative`, as Ruby's own parser (Ripper) reads it. */
export function askRuby(root: string): Imports {
  const script = `require 'ripper'; require 'json'
    out = []
    walk = lambda do |node, path|
      next unless node.is_a?(Array)
      if node[0] == :command && node[1].is_a?(Array) && node[1][1] == 'require_relative'
        text = node[2].flatten.each_cons(2).find { |a, _| a == :@tstring_content }
        out << [path, text[1]] if text
      end
      node.each { |one| walk.call(one, path) }
    end
    ARGV.each { |path| walk.call(Ripper.sexp(File.read(path)), path) }
    puts JSON.dump([RUBY_VERSION, out])`
  const paths = filesOf(root, /\.rb$/)
  const said = execFileSync('ruby', ['-e', script, ...paths], { cwd: root, maxBuffer: 2 ** 28 }).toString()
  const [version, written] = JSON.parse(said) as [string, [string, string][]]
  const own = new Set(paths)
  const edges = written.flatMap(([path, request]): [string, string][] => {
    const base = join(dirname(path), request)
    const to = [`${base}.rb`, base].find((one) => own.has(one))
    return to === undefined || to === path ? [] : [[path, to]]
  })
  return { tool: { ruby: version }, edges }
}

/** Imports of single types and static members, as the Java compiler's tree API reads them, by the packages that files declare. */
export function askJava(root: string): Imports {
  const source = join(import.meta.dirname, 'Imports.java')
  const paths = filesOf(root, /\.java$/)
  const said = execFileSync('java', [source, ...paths], { cwd: root, maxBuffer: 2 ** 28 }).toString()
  const byType = new Map<string, string>()
  const wanted: [string, string][] = []
  for (const line of said.trim().split('\n')) {
    const [what, path, name] = line.split(' ') as [string, string, string]
    if (what === 'type') byType.set(name, path)
    else wanted.push([path, name])
  }
  const edges = wanted.flatMap(([path, name]): [string, string][] => {
    for (let type = name; type.includes('.'); type = type.slice(0, type.lastIndexOf('.'))) {
      const to = byType.get(type)
      if (to !== undefined) return to === path ? [] : [[path, to]]
    }
    return []
  })
  const version = spawnSync('java', ['-version']).stderr.toString().split('\n')[0] as string
  return {
    tool: { java: version },
    edges: [...new Set(edges.map((edge) => edge.join('\n')))]
      .sort()
      .map((edge) => edge.split('\n') as [string, string]),
  }
}

/** Whether a folder holds files of this kind. */
export function holds(root: string, pattern: RegExp): boolean {
  return filesOf(root, pattern).some((path) => readFileSync(join(root, path)).length > 0)
}
