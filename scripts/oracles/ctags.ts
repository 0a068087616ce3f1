import { execFileSync } from 'node:child_process'

/** What ctags calls a definition, by what the graph calls it. Fields, enumerators, locals and `mod x;` are no nodes. */
const KINDS: Record<string, string> = {
  class: 'class',
  struct: 'class',
  union: 'class',
  trait: 'class',
  interface: 'class',
  annotation: 'class',
  enum: 'class',
  typedef: 'class',
  type: 'class',
  function: 'function',
  func: 'function',
  method: 'function',
  methodSpec: 'function',
  singletonMethod: 'function',
  prototype: 'function',
}

/** A definition by path, line, kind (`class` for types of any sort, `function` for callables) and name. */
export type Tag = [path: string, line: number, kind: string, name: string]

/**
 * What universal-ctags says is defined below a folder, and every name it knows by path: what is defined beyond `definitions` is wrong only where
 * ctags has no such name at all.
 */
export function askCtags(root: string): { version: string; definitions: Tag[]; names: [path: string, name: string][] } {
  const run = (...options: string[]) =>
    execFileSync('ctags', options, { cwd: root, maxBuffer: 2 ** 30, stdio: ['ignore', 'pipe', 'ignore'] }).toString()
  const kinds = ['--kinds-C=+pz', '--kinds-C++=+pz', '--langmap=C++:+.h', '--langmap=Sh:+.bash', '--fields=+nK']
  const definitions: Tag[] = []
  const names: [string, string][] = []
  for (const line of run('--output-format=json', ...kinds, '-R', '-f', '-', '.').split('\n')) {
    if (!line.startsWith('{')) continue
    const tag = JSON.parse(line) as { name: string; path: string; line: number; kind: string }
    const path = tag.path.replace(/^\.\//, '')
    const name = tag.name.replace(/^.*(?:::|\\|\.)(?=.)/, '').replaceAll(' ', '')
    const kind = KINDS[tag.kind]
    names.push([path, name])
    if (kind !== undefined && !name.startsWith('__anon')) definitions.push([path, tag.line, kind, name])
  }
  return { version: run('--version').split('\n')[0] as string, definitions, names }
}
