import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { entryFile, isBuilt } from '../../../lib/worker.ts'

const PARSERS = [
  ...['oxc-parser', 'web-tree-sitter', '@vscode/tree-sitter-wasm', 'markdown-it'],
  ...['htmlparser2', 'unpdf', 'mammoth', 'smol-toml', 'fast-xml-parser'],
]

/** Digest of the analyser itself, its code and its parsers: what another one has found out is not reused. */
export function analyserVersion(): string {
  known ??= digest()
  return known
}

let known: string | undefined

/** The analyser's code: its sources, or the bundle of its worker, which names the chunks it shares by their content. */
function codeFiles(): string[] {
  const entry = entryFile('graph/analysis/worker')
  if (isBuilt) return [entry]
  const folder = dirname(entry)
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()
  return names.filter((name) => name.endsWith('.ts')).map((name) => join(folder, name))
}

function digest(): string {
  const hash = createHash('sha256')
  for (const file of codeFiles()) hash.update(readFileSync(file))
  const require = createRequire(import.meta.url)
  for (const name of PARSERS) hash.update(`${name}@${versionOf(name, require)}`)
  return hash.digest('base64')
}

/** The version of an installed package; not every one exports its manifest. */
function versionOf(name: string, require: NodeJS.Require): string {
  for (const folder of require.resolve.paths(name) ?? []) {
    try {
      return (JSON.parse(readFileSync(join(folder, name, 'package.json'), 'utf8')) as { version: string }).version
    } catch {
      // Not installed in this folder: the next one.
    }
  }
  return ''
}
