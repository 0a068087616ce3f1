import Type, { type Static } from 'typebox'
import { Enum, Id, Nullable, Ref } from '../contracts/http.ts'
import { EDGE_KINDS, NODE_KINDS, RESOLUTIONS } from './analysis/types.ts'
import { Annotation } from './model-annotations.ts'

const Line = Type.Integer({ minimum: 1, description: 'Line from 1' })
const Count = Type.Integer({ minimum: 0 })
const Note = Type.Object({ code: Type.String(), detail: Type.String(), line: Type.Optional(Line) })

/** A node of a graph. */
export const GraphNode = Type.Object(
  {
    id: Id,
    key: Type.String({ description: 'Stable, readable key', examples: ['src/app.ts#App.listen().'] }),
    kind: Enum(NODE_KINDS),
    name: Type.String(),
    path: Type.String({ description: 'Path of its file inside the source, empty where it has none' }),
    startLine: Type.Optional(Line),
    endLine: Type.Optional(Line),
    language: Type.Optional(Type.String()),
    exported: Type.Optional(Type.Boolean()),
    signature: Type.Optional(Type.String()),
    doc: Type.Optional(Type.String({ description: 'Doc comment' })),
    lines: Type.Optional(Count),
    hash: Type.Optional(Type.String({ description: 'SHA-256 of the file' })),
    own: Type.Optional(Type.Boolean({ description: 'Package: whether its sources are part of this source' })),
    notes: Type.Optional(Type.Array(Note, { description: 'Why the file was not (fully) analysed' })),
  },
  { $id: 'GraphNode', description: 'A file, symbol, package, document or section' },
)
export type GraphNode = Static<typeof GraphNode>

/** An edge of a graph. */
export const GraphEdge = Type.Object(
  {
    id: Id,
    kind: Enum(EDGE_KINDS),
    from: Id,
    to: Id,
    resolution: Enum(RESOLUTIONS, {
      description: 'exact: by the rules of the language; inferred: by a convention; unresolved: named, not found',
    }),
    typeOnly: Type.Boolean(),
    dynamic: Type.Boolean(),
    startLine: Type.Optional(Line),
    endLine: Type.Optional(Line),
    count: Type.Integer({ minimum: 1, description: 'Occurrences' }),
    name: Type.Optional(Type.String({ description: 'Name as written, where it differs from that of the target' })),
  },
  { $id: 'GraphEdge', description: 'A relation that reads: from KIND to' },
)
export type GraphEdge = Static<typeof GraphEdge>

const Records = Type.Object({ nodes: Type.Array(Ref(GraphNode)), edges: Type.Array(Ref(GraphEdge)) })
const Sizes = Type.Object({ added: Count, removed: Count, changed: Count })

/** What `graph.updated` carries: the difference itself, so that a client's copy of the graph becomes the new one. */
export const GraphUpdate = Type.Object(
  {
    sourceId: Id,
    revision: Type.Integer(),
    counts: Type.Object(Sizes.properties, { description: 'Nodes and edges together' }),
    complete: Type.Boolean({
      description: 'False where the difference is too big for an event: read it from `/api/graph/diff`',
    }),
    added: Records,
    removed: Type.Object({ nodes: Type.Array(Id), edges: Type.Array(Id) }, { description: 'Ids' }),
    changed: Type.Object(Records.properties, { description: 'As they are now, under the ids they had' }),
  },
  { $id: 'GraphUpdate', description: 'What a revision added, removed and changed against the one before' },
)
export type GraphUpdate = Static<typeof GraphUpdate>

/** Nodes of an answer. */
export const nodes = Type.Array(Ref(GraphNode))
/** Edges of an answer. */
export const edges = Type.Array(Ref(GraphEdge))
/** Which revision an answer is of. */
export const head = { sourceId: Id, revision: Type.Integer() }

/** A page of a graph: nodes in the order of their keys, and the edges that start at them and end within the filter. */
export const GraphPage = Type.Object({
  ...head,
  counts: Type.Object({ nodes: Count, edges: Count }, { description: 'Of the whole revision, without filters' }),
  nodes,
  edges,
  nextCursor: Nullable(Type.String()),
})
export type GraphPage = Static<typeof GraphPage>

/** A node with its place. */
export const GraphNodeDetail = Type.Object(
  {
    ...GraphNode.properties,
    ...head,
    inDegree: Count,
    outDegree: Count,
    annotations: Type.Array(Ref(Annotation), { description: 'The newest notes on it' }),
  },
  { description: 'A node, how many edges it has, and what was noted on it' },
)
export type GraphNodeDetail = Static<typeof GraphNodeDetail>

/** Some of a list of words, as one query parameter. */
export const list = (values: readonly string[], description: string) =>
  Type.Optional(
    Type.String({
      description: `${description}, separated by commas: ${values.join(', ')}`,
      pattern: `^(?:${values.join('|')})(?:,(?:${values.join('|')}))*$`,
      maxLength: 500,
    }),
  )

/** Which graph is asked. */
export const which = {
  sourceId: Type.Optional(Type.String({ ...Id, description: 'Without it: the newest source of the workspace' })),
  workspaceId: Type.Optional(Id),
  revision: Type.Optional(Type.Integer({ minimum: 1, description: 'An earlier revision; without it the current one' })),
}
/** Which graph: a source and maybe a revision. */
export const GraphSelector = Type.Object(which, { additionalProperties: false })
export type GraphSelector = Static<typeof GraphSelector>

/** Filters and position of a graph page. */
export const GraphQuery = Type.Object(
  {
    ...which,
    kinds: list(NODE_KINDS, 'Kinds of nodes'),
    edgeKinds: list(EDGE_KINDS, 'Kinds of edges'),
    path: Type.Optional(Type.String({ maxLength: 1000, description: 'A file or folder' })),
    q: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: 'Part of a key: of a path or a name' })),
    limit: Type.Integer({ minimum: 1, maximum: 1000, default: 100, description: 'Nodes a page' }),
    cursor: Type.Optional(Type.String({ maxLength: 4000, description: '`nextCursor` of the page before' })),
  },
  { additionalProperties: false },
)
export type GraphQuery = Static<typeof GraphQuery>

/** Query of a node. */
export const NodeQuery = Type.Object({ revision: which.revision }, { additionalProperties: false })

/** Formats of the export. */
export const EXPORT_FORMATS = ['json', 'json-graph', 'graphml', 'gexf', 'dot', 'mermaid', 'csv', 'cypher'] as const
export const ExportQuery = Type.Object(
  {
    ...which,
    format: Enum(EXPORT_FORMATS, { default: 'json' }),
    part: Type.Optional(Enum(['nodes', 'edges'], { description: 'CSV: one of its two tables alone' })),
  },
  { additionalProperties: false },
)
export type ExportQuery = Static<typeof ExportQuery>
