import { Readable } from 'node:stream'
import type { Actor } from '../../contracts/policy.ts'
import type { GraphRepository } from '../graph-repository.ts'
import type { ExportQuery } from '../model.ts'
import { toEdge, toNode } from '../rows.ts'
import type { Sources } from '../service.ts'
import { exportDot } from './dot.ts'
import type { ExportInput } from './input.ts'
import { exportJson } from './json.ts'

/** A format: how it is called for HTTP, and the text it makes of a graph. */
interface Format {
  contentType: string
  extension: string
  write: (input: ExportInput) => AsyncIterable<string>
}

const FORMATS: Record<ExportQuery['format'], Format> = {
  json: { contentType: 'application/json; charset=utf-8', extension: 'json', write: exportJson },
  dot: { contentType: 'text/vnd.graphviz; charset=utf-8', extension: 'dot', write: exportDot },
}

async function* mapped<A, B>(batches: AsyncIterable<A[]>, map: (item: A) => B): AsyncGenerator<B[]> {
  for await (const batch of batches) yield batch.map(map)
}

/** An export that is ready to be sent. */
export interface Export {
  sourceId: string
  revision: number
  contentType: string
  fileName: string
  body: Readable
}

/** Makes the exporter: whole graphs as streams, never held in memory. */
export function createExporter({ repository, sources }: { repository: GraphRepository; sources: Sources }) {
  /** @throws NOT_FOUND */
  return async (actor: Actor, query: ExportQuery): Promise<Export> => {
    const { source, ...at } = await sources.select(actor, query)
    const { contentType, extension, write } = FORMATS[query.format]
    const nodes = mapped(repository.allNodes(at), toNode)
    const edges = mapped(repository.allEdges(at), toEdge)
    const body = Readable.from(write({ source, revision: at.revision, nodes, edges }))
    return { ...at, contentType, fileName: `${source.name}-r${at.revision}.${extension}`, body }
  }
}

/** See {@link createExporter}. */
export type Exporter = ReturnType<typeof createExporter>
