import { sql } from 'drizzle-orm'
import { customType, index, integer, pgTable, text, uuid } from 'drizzle-orm/pg-core'
import { id } from './columns.ts'
import { workspaces } from './workspaces.ts'

const tsvector = customType<{ data: string }>({ dataType: () => 'tsvector' })
/** Words of identifiers and paths as words of their own: `createCache` is found by "create" and by "cache". */
const apart = (text: string) => `regexp_replace(${text}, '([a-z0-9])([A-Z])|[/._-]+', '\\1 \\2', 'g')`

/**
 * What the assistant and the search look through: stretches of the files of each source, as they stand in its current revision.
 * `text` is exactly what stands on these lines; a citation rests on that.
 */
export const passages = pgTable(
  'passages',
  {
    id: id(),
    workspaceId: uuid()
      .notNull()
      .references(() => workspaces.id, { onDelete: 'cascade' }),
    sourceId: uuid().notNull(),
    /** The upload that holds the file, null once that is deleted. */
    uploadId: uuid(),
    path: text().notNull(),
    /** Lines from 1, both included. */
    startLine: integer().notNull(),
    endLine: integer().notNull(),
    /** The graph node that these lines belong to. */
    nodeId: uuid(),
    kind: text().$type<'doc' | 'code'>().notNull(),
    /** Name of the symbol, or the way of headings. */
    title: text().notNull(),
    text: text().notNull(),
    search: tsvector().generatedAlwaysAs(
      sql.raw(
        `setweight(to_tsvector('english'::regconfig, title || ' ' || ${apart("title || ' ' || path")}), 'A') || ` +
          `to_tsvector('english'::regconfig, text || ' ' || ${apart('text')})`,
      ),
    ),
  },
  (table) => [
    index('passages_source').on(table.sourceId, table.path),
    index('passages_workspace').on(table.workspaceId),
    index('passages_search').using('gin', table.search),
    index('passages_text_trgm').using('gin', sql`${table.text} gin_trgm_ops`),
    index('passages_title_trgm').using('gin', sql`${table.title} gin_trgm_ops`),
  ],
)
