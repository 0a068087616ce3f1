import type { Entry } from '../incremental/entries.ts'
import { createJavaScriptResolver, splitRequest } from '../resolve/javascript.ts'
import { createPackages } from '../resolve/packages.ts'
import { createPythonResolver, type PythonResolver } from '../resolve/python.ts'
import type { Resolved } from '../resolve/resolved.ts'
import { createTree, join as joinPath, type Tree } from '../resolve/tree.ts'
import { createTsProjects } from '../resolve/tsconfig.ts'
import type { AnalysisInput } from '../types.ts'
import { createGraphBuilder } from './builder.ts'
import { resolveImports } from './code.ts'
import type { LinkContext, LinkedFile } from './context.ts'
import { createLinkedFile } from './linked-file.ts'
import { createLookups, type Lookups } from './lookup/index.ts'
import { createReads, NotedFiles } from './reads.ts'

/** What linking goes by: the files, the packages, and the rules of resolution. */
export interface Frame {
  context: LinkContext
  python: PythonResolver
  lookups: Lookups
  /** Files whose text resolution has asked for, now or before. Complete once everything is linked. */
  manifests: ReadonlySet<string>
}

/** Puts together what linking needs, without reading any facts yet. `textOf` is asked for manifests, `before` are those that were asked for before. */
export function createFrame(
  input: AnalysisInput,
  entries: readonly Entry[],
  textOf: (path: string) => string | undefined,
  before: readonly string[],
): Frame {
  const manifests = new Set(before)
  const read = (path: string) => {
    manifests.add(path)
    return textOf(path)
  }
  const tree = createTree(
    entries.map(({ path }) => path),
    read,
  )
  const packages = createPackages(tree)
  const javascript = createJavaScriptResolver(tree, packages, createProjects(tree, packages))
  const python = createPythonResolver(tree)
  const resolve = (file: LinkedFile): Resolved[] => resolveImports(file, javascript, python, lookups)
  const linked = entries.flatMap(({ path, language, facts }) =>
    language === undefined ? [] : createLinkedFile({ path, language }, facts, resolve),
  )
  const reads = createReads()
  const byPath = new NotedFiles<LinkedFile>(reads)
  for (const file of linked) byPath.set(file.path, file)
  const context = { tree, packages, files: linked, byPath, reads, builder: createGraphBuilder(input.sourceId) }
  const lookups = createLookups(context)
  return { context, python, lookups, manifests }
}

/** tsconfig files; an `extends` may name a package of the source. */
function createProjects(tree: Tree, packages: ReturnType<typeof createPackages>) {
  return createTsProjects(tree, (request, from) => {
    const parts = splitRequest(request)
    const own = packages.find(parts.name, joinPath(from, 'tsconfig.json') ?? '')
    return own && joinPath(own.folder, parts.subpath === '.' ? 'tsconfig.json' : parts.subpath)
  })
}
