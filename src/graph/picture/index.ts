import type { Actor } from '../../contracts/policy.ts'
import type { GraphRepository } from '../graph-repository.ts'
import type { GraphSelector } from '../model.ts'
import type { Sources } from '../service.ts'
import { drawPicture } from './svg.ts'

/** Makes the painter of graphs: files in their folders with what they import and link. */
export function createPainter({ repository, sources }: { repository: GraphRepository; sources: Sources }) {
  /** @throws NOT_FOUND */
  return async (actor: Actor, query: GraphSelector) => {
    const { source, ...at } = await sources.select(actor, query)
    const [files, edges] = await Promise.all([repository.files(at), repository.fileEdges(at)])
    return { ...at, svg: drawPicture({ title: `${source.name} · revision ${at.revision}`, files, edges }) }
  }
}

/** See {@link createPainter}. */
export type Painter = ReturnType<typeof createPainter>
