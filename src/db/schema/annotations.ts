import { index, pgTable, text, uuid } from 'drizzle-orm/pg-core'
import { createdAt, id } from './columns.ts'
import { sources } from './sources.ts'
import { users } from './users.ts'

/**
 * Notes of people on nodes. `nodeId` follows from the source and the key of the node alone, so that a note stays with its node over all revisions, and is there
 * again when the node comes back.
 */
export const annotations = pgTable(
  'annotations',
  {
    id: id(),
    sourceId: uuid()
      .notNull()
      .references(() => sources.id, { onDelete: 'cascade' }),
    nodeId: uuid().notNull(),
    authorId: uuid().references(() => users.id, { onDelete: 'set null' }),
    text: text().notNull(),
    createdAt: createdAt(),
  },
  (table) => [
    index('annotations_node').on(table.nodeId, table.id),
    index('annotations_source').on(table.sourceId),
    index('annotations_author').on(table.authorId),
  ],
)
