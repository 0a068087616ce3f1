import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ignoredFolder } from './languages.ts'
import { createGraphBuilder } from './link/builder.ts'
import { linkExports, linkImports, linkUses, resolveImports } from './link/code.ts'
import type { LinkContext, LinkedFile } from './link/context.ts'
import { symbolKey } from './link/context.ts'
import { createMentionIndex, linkDocument } from './link/documents.ts'
import { createNames } from './link/names.ts'
import { linkFolders, linkPackages, linkSymbols } from './link/structure.ts'
import type { PythonParser } from './python/parse.ts'
import { createPythonParser } from './python/parse.ts'
import type { ReadFile } from './read.ts'
import { createReader } from './read.ts'
import { createJavaScriptResolver, splitRequest } from './resolve/javascript.ts'
import { createPackages } from './resolve/packages.ts'
import { createPythonResolver } from './resolve/python.ts'
import { createTree, join as joinPath } from './resolve/tree.ts'
import { createTsProjects } from './resolve/tsconfig.ts'
import type { AnalysisInput, AnalysisResult, AnalysisStats, Passage, Progress } from './types.ts'

const MAX_FILE_BYTES = 2 * 1024 * 1024

/**
 * Analyses a directory: reads and parses each file by itself, then links the facts of all of them into one graph.
 * Synchronous work for the most part: run it in a worker thread (run.ts), not on the event loop of a server.
 * The result depends on the files alone, not on their order nor on earlier runs.
 */
export async function analyze(
  input: AnalysisInput,
  onProgress: (progress: Progress) => void = () => {},
): Promise<AnalysisResult> {
  const started = performance.now()
  const { kept, ignored } = partition(input)
  const read = await readAll(input, kept, onProgress)
  const files = read.flatMap(({ path, facts }): LinkedFile[] =>
    facts ? [{ path, facts, resolved: [], exportsByName: exportIndex(facts.exports), members: undefined }] : [],
  )
  const locations = new Map(kept.map((file) => [file.path, file.location ?? file.path]))
  const tree = createTree(
    read.map(({ path }) => path),
    (path) => readText(input.root, locations.get(path) ?? path),
  )
  const packages = createPackages(tree)
  const builder = createGraphBuilder(input.sourceId)
  const byPath = new Map(files.map((file) => [file.path, file]))
  const context: LinkContext = { tree, packages, files, byPath, builder }
  link(context, input.name, read, ignored, onProgress)
  const passages = collectPassages(context)
  const { nodes, edges } = builder.finish()
  const notes = read.flatMap((file) => file.notes.map((note) => ({ ...note, path: file.path })))
  const stats = count(read, nodes.length, edges, passages.length, notes.length)
  stats.milliseconds = Math.round(performance.now() - started)
  onProgress({ phase: 'done', done: 1, total: 1 })
  return { nodes, edges, passages, notes, stats }
}

/** Sorts the paths and sets aside what lies in folders of other people's files. */
function partition(input: AnalysisInput): { kept: AnalysisInput['files']; ignored: Map<string, number> } {
  const kept: AnalysisInput['files'] = []
  const ignored = new Map<string, number>()
  for (const file of input.files) {
    if (joinPath('', file.path) !== file.path) continue
    const folder = ignoredFolder(file.path)
    if (folder === undefined) kept.push(file)
    else ignored.set(folder, (ignored.get(folder) ?? 0) + 1)
  }
  kept.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
  return { kept, ignored: new Map([...ignored].sort(([a], [b]) => (a < b ? -1 : 1))) }
}

async function readAll(
  input: AnalysisInput,
  files: AnalysisInput['files'],
  onProgress: (progress: Progress) => void,
): Promise<ReadFile[]> {
  let parser: Promise<PythonParser> | undefined
  const loadPython = () => {
    parser ??= createPythonParser()
    return parser
  }
  const reader = createReader(input.root, input.maxFileBytes ?? MAX_FILE_BYTES, loadPython)
  const read: ReadFile[] = []
  for (const file of files) {
    if (read.length > 0 && read.at(-1)?.path === file.path) continue
    read.push(await reader.read(file))
    if (read.length % 20 === 0) onProgress({ phase: 'read', done: read.length, total: files.length })
  }
  onProgress({ phase: 'read', done: files.length, total: files.length })
  return read
}

function exportIndex(exports: { name: string }[]): Map<string, number[]> {
  const index = new Map<string, number[]>()
  for (const [at, { name }] of exports.entries()) {
    const same = index.get(name)
    if (same) same.push(at)
    else index.set(name, [at])
  }
  return index
}

function readText(root: string, path: string): string | undefined {
  try {
    return readFileSync(join(root, path), 'utf8')
  } catch {
    return undefined
  }
}

function link(
  context: LinkContext,
  name: string,
  read: ReadFile[],
  ignored: Map<string, number>,
  onProgress: (progress: Progress) => void,
): void {
  const { tree, packages, files } = context
  const projects = createTsProjects(tree, (request, from) => {
    const parts = splitRequest(request)
    const own = packages.find(parts.name, joinPath(from, 'tsconfig.json') ?? '')
    return own && joinPath(own.folder, parts.subpath === '.' ? 'tsconfig.json' : parts.subpath)
  })
  const javascript = createJavaScriptResolver(tree, packages, projects)
  const python = createPythonResolver(tree)
  linkFolders(
    context,
    name,
    read.map(({ path, hash, notes }) => ({ path, notes, ...(hash === undefined ? {} : { hash }) })),
    ignored,
  )
  linkPackages(context)
  for (const [at, file] of files.entries()) {
    resolveImports(file, javascript, python)
    linkSymbols(context, file)
    if (at % 100 === 99) onProgress({ phase: 'resolve', done: at + 1, total: files.length })
  }
  const names = createNames(context, python)
  const mentions = createMentionIndex(files)
  for (const [at, file] of files.entries()) {
    linkImports(context, file, python)
    linkExports(context, file, names)
    linkUses(context, file, names)
    if (file.facts.links.length > 0) linkDocument(context, file, mentions)
    if (at % 100 === 99) onProgress({ phase: 'link', done: at + 1, total: files.length })
  }
  onProgress({ phase: 'link', done: files.length, total: files.length })
}

function collectPassages({ files, builder }: LinkContext): Passage[] {
  return files.flatMap((file) =>
    file.facts.passages.map(({ symbol, startLine, endLine, text, kind, title }) => {
      const nodeKey = symbolKey(file, symbol)
      return { path: file.path, startLine, endLine, nodeKey, nodeId: builder.id(nodeKey), text, kind, title }
    }),
  )
}

function count(
  read: ReadFile[],
  nodes: number,
  edges: { resolution: string }[],
  passages: number,
  notes: number,
): AnalysisStats {
  const byLanguage: Record<string, number> = {}
  let lines = 0
  for (const { facts } of read) {
    if (!facts) continue
    byLanguage[facts.language] = (byLanguage[facts.language] ?? 0) + 1
    lines += facts.lines
  }
  return {
    files: read.length,
    analysed: read.filter((file) => file.facts !== undefined).length,
    lines,
    bytes: read.reduce((sum, file) => sum + file.size, 0),
    nodes,
    edges: edges.length,
    passages,
    unresolved: edges.filter((edge) => edge.resolution === 'unresolved').length,
    notes,
    byLanguage,
    milliseconds: 0,
  }
}
