import { Readable } from 'node:stream'
import { problem } from '../../contracts/errors.ts'
import type { Actor } from '../../contracts/policy.ts'
import type { GraphRepository } from '../graph-repository.ts'
import type { ExportQuery } from '../model.ts'
import { toEdge, toNode } from '../rows.ts'
import type { Sources } from '../service.ts'
import { exportCsv, exportCsvEdges, exportCsvNodes } from './csv.ts'
import { exportCypher } from './cypher.ts'
import { exportDot } from './dot.ts'
import { exportGexf } from './gexf.ts'
import { exportGraphml } from './graphml.ts'
import type { ExportInput } from './input.ts'
import { exportJson } from './json.ts'
import { exportJsonGraph } from './json-graph.ts'
import { exportMermaid } from './mermaid.ts'

/** A format: how it is called for HTTP, and the text it makes of a graph. */
interface Format {
  contentType: string
  extension: string
  write: (input: ExportInput) => AsyncIterable<string>
}

/** Every format by its name. */
export const FORMATS: Record<ExportQuery['format'], Format> = {
  json: { contentType: 'application/json; charset=utf-8', extension: 'json', write: exportJson },
  'json-graph': {
    contentType: 'application/vnd.jgf+json; charset=utf-8',
    extension: 'jgf.json',
    write: exportJsonGraph,
  },
  graphml: { contentType: 'application/graphml+xml; charset=utf-8', extension: 'graphml', write: exportGraphml },
  gexf: { contentType: 'application/gexf+xml; charset=utf-8', extension: 'gexf', write: exportGexf },
  dot: { contentType: 'text/vnd.graphviz; charset=utf-8', extension: 'dot', write: exportDot },
  mermaid: { contentType: 'text/vnd.mermaid; charset=utf-8', extension: 'mmd', write: exportMermaid },
  csv: { contentType: 'text/csv; charset=utf-8', extension: 'csv', write: exportCsv },
  cypher: { contentType: 'application/x-cypher-query; charset=utf-8', extension: 'cypher', write: exportCypher },
}
const CSV_PARTS = { nodes: exportCsvNodes, edges: exportCsvEdges } as const

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
  /** @throws NOT_FOUND, UNPROCESSABLE for a part of a format that has none */
  return async (actor: Actor, query: ExportQuery): Promise<Export> => {
    const { source, ...at } = await sources.select(actor, query)
    const { contentType, extension, write } = FORMATS[query.format]
    const part = query.format === 'csv' ? query.part : undefined
    if (query.part !== undefined && part === undefined) throw problem('UNPROCESSABLE', { detail: '`part` is for csv' })
    const chosen = part === undefined ? write : CSV_PARTS[part]
    const nodes = mapped(repository.allNodes(at), toNode)
    const edges = mapped(repository.allEdges(at), toEdge)
    const body = Readable.from(chosen({ source, revision: at.revision, nodes, edges }))
    return {
      ...at,
      contentType,
      fileName: `${source.name}-r${at.revision}${part === undefined ? '' : `-${part}`}.${extension}`,
      body,
    }
  }
}

/** See {@link createExporter}. */
export type Exporter = ReturnType<typeof createExporter>
