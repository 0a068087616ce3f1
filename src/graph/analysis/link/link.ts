import type { PythonResolver } from '../resolve/python.ts'
import type { GraphEdge, GraphNode, Progress } from '../types.ts'
import { linkExports, linkImports, linkUses } from './code.ts'
import type { LinkContext } from './context.ts'
import { createMentionIndex, linkDocument, type MentionIndex } from './documents.ts'
import { type Lookups, nameFamily } from './lookup/index.ts'
import { linkManifests } from './manifests.ts'
import { createNames } from './names.ts'
import { ALL_NAMES, namesOf } from './reads.ts'
import type { FileInfo } from './structure.ts'
import { linkFolders, linkPackages, linkSymbols } from './structure.ts'

/** What there is to link. */
export interface LinkTask {
  context: LinkContext
  python: PythonResolver
  lookups: Lookups
  /** Name of the source. */
  name: string
  /** Every file, analysed or not. */
  infos: FileInfo[]
  ignored: Map<string, number>
  /** The files whose symbols and edges are wanted; the others are looked into only. */
  wanted: (path: string) => boolean
}

/** What linking gave beside what it put into the builder. */
export interface Linked {
  /** Keys of the nodes that follow from folders and manifests alone. */
  frame: ReadonlySet<string>
  /** For each wanted file the files that its edges depend on. */
  reads: Map<string, ReadonlySet<string>>
}

/** Takes what belongs to one file, or (`path` undefined) to none. */
export type OnLinked = (part: { nodes: GraphNode[]; edges: GraphEdge[] }, path: string | undefined) => Promise<void>

/**
 * Makes the nodes and edges of a source out of the facts of its files. They stay in the builder, unless `onLinked` takes them file by file: a large
 * source is then never in memory as a whole.
 */
export async function link(
  task: LinkTask,
  onProgress: (progress: Progress) => void,
  onLinked?: OnLinked,
): Promise<Linked> {
  const { context, python, wanted } = task
  linkFolders(context, task.name, task.infos, task.ignored)
  linkPackages(context)
  linkManifests(context)
  const frame = new Set(context.builder.keys())
  await onLinked?.(context.builder.take(), undefined)
  const files = context.files.filter(({ path }) => wanted(path))
  const names = createNames(context, python, task.lookups)
  let index: MentionIndex | undefined
  const mentions = () => {
    context.reads.note(ALL_NAMES)
    index ??= createMentionIndex(context.files)
    return index
  }
  const reads = new Map<string, ReadonlySet<string>>()
  for (const [at, file] of files.entries()) {
    linkSymbols(context, file)
    const { paths } = context.reads.during(() => {
      const family = nameFamily(file.language)
      if (family !== undefined) context.reads.note(namesOf(family))
      linkUses(context, file, names)
      linkImports(context, file, python)
      linkExports(context, file, names)
      if (file.facts.links.length > 0) linkDocument(context, file, mentions)
    })
    reads.set(file.path, paths)
    await onLinked?.(context.builder.take(file.path), file.path)
    if (at % 100 === 99) onProgress({ phase: 'link', done: at + 1, total: files.length })
  }
  onProgress({ phase: 'link', done: files.length, total: files.length })
  return { frame, reads }
}
