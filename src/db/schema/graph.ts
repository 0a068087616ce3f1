import { sql } from 'drizzle-orm'
import { boolean, index, integer, jsonb, pgTable, primaryKey, smallint, text, uuid } from 'drizzle-orm/pg-core'

/**
 * Of `sources`. Without a foreign key, which would look the source up for each of a hundred thousand rows: whoever writes them holds its row at the end
 * of the transaction, and a trigger (`sources_drop_analysis`) takes them away with it.
 */
const source = () => uuid().notNull()

/**
 * Nodes of graphs. A row holds from revision `fromRevision` until before `toRevision` (null: to this day), so that each revision can be asked
 * and an unchanged node is stored once. `id` follows from the source and the key alone.
 */
export const graphNodes = pgTable(
  'graph_nodes',
  {
    id: uuid().notNull(),
    sourceId: source(),
    fromRevision: integer().notNull(),
    toRevision: integer(),
    key: text().notNull(),
    kind: text().notNull(),
    name: text().notNull(),
    path: text().notNull(),
    startLine: integer(),
    endLine: integer(),
    /** What else is known: language, signature, doc, notes and the like. */
    attributes: jsonb().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.id, table.fromRevision] }),
    index('graph_nodes_key').on(table.sourceId, sql`${table.key} collate "C"`),
    index('graph_nodes_key_trgm').using('gin', sql`${table.key} gin_trgm_ops`),
  ],
)

/** Edges of graphs, versioned like the nodes. */
export const graphEdges = pgTable(
  'graph_edges',
  {
    id: uuid().notNull(),
    sourceId: source(),
    fromRevision: integer().notNull(),
    toRevision: integer(),
    kind: text().notNull(),
    fromId: uuid().notNull(),
    toId: uuid().notNull(),
    resolution: text().notNull(),
    typeOnly: boolean().notNull(),
    dynamic: boolean().notNull(),
    startLine: integer(),
    endLine: integer(),
    /** Number of occurrences. */
    count: smallint().notNull(),
    name: text(),
  },
  (table) => [
    primaryKey({ columns: [table.id, table.fromRevision] }),
    index('graph_edges_from').on(table.fromId),
    index('graph_edges_to').on(table.toId),
    index('graph_edges_source').on(table.sourceId, table.kind),
  ],
)
