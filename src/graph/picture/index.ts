import type { Cache } from '../../contracts/cache.ts'
import type { Actor } from '../../contracts/policy.ts'
import type { GraphRepository } from '../graph-repository.ts'
import { metrics } from '../metrics/run.ts'
import type { GraphSelector } from '../model.ts'
import type { Sources } from '../service.ts'
import { drawPicture, MOST_FILES, type PictureInput } from './svg.ts'

/** What the painter needs. */
export interface PainterDeps {
  repository: GraphRepository
  sources: Sources
  cache: Pick<Cache, 'wrap'>
}

/** A revision never changes: its picture is kept for long. */
const KEPT_MS = 24 * 60 * 60 * 1000

/** Makes the painter of graphs: files in their folders with what they import and link; of a big graph its communities. */
export function createPainter({ repository, sources, cache }: PainterDeps) {
  /** @throws NOT_FOUND */
  return async (actor: Actor, query: GraphSelector) => {
    const { source, ...at } = await sources.select(actor, query)
    const title = `${source.name} · revision ${at.revision}`
    const key = `graph:${at.sourceId}:${at.revision}:picture:${title}`
    const svg = await cache.wrap(key, { ttlMs: KEPT_MS, tags: [`source:${at.sourceId}`] }, async () => {
      const [files, edges] = await Promise.all([repository.files(at), repository.fileEdges(at)])
      const isBig = files.length > MOST_FILES
      return drawPicture({ title, files, edges, ...(isBig && { groups: await groupsOf({ files, edges }) }) })
    })
    return { ...at, svg }
  }
}

/** See {@link createPainter}. */
export type Painter = ReturnType<typeof createPainter>

/** Files that have more to do with each other than with the rest, worked out in a thread of its own. */
async function groupsOf({ files, edges }: Pick<PictureInput, 'files' | 'edges'>): Promise<string[][]> {
  const places = new Map(files.map(({ path }, place) => [path, place]))
  const known = edges.filter(({ from, to }) => places.has(from) && places.has(to))
  const ends = (of: (edge: (typeof known)[number]) => string) =>
    Int32Array.from(known, (edge) => places.get(of(edge)) as number)
  const links = { size: files.length, from: ends(({ from }) => from), to: ends(({ to }) => to) }
  const { community } = await metrics.communities(links)
  const groups = new Map<number, string[]>()
  for (const [place, { path }] of files.entries()) {
    const number = community[place] as number
    groups.set(number, [...(groups.get(number) ?? []), path])
  }
  return [...groups.values()]
}
