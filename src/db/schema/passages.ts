import { sql } from 'drizzle-orm'
import { customType, index, integer, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { id } from './columns.ts'

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
    /** Of the source. As little a foreign key as `sourceId`: see `graphNodes`. */
    workspaceId: uuid().notNull(),
    sourceId: uuid().notNull(),
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
    index('passages_title_trgm').using('gin', sql`${table.title} gin_trgm_ops`),
  ],
)

/** Which upload each file of a source comes from, as of its current revision. A row of its own, so that a new archive touches no passage. */
export const sourceFiles = pgTable(
  'source_files',
  { sourceId: uuid().notNull(), path: text().notNull(), uploadId: uuid() },
  (table) => [primaryKey({ columns: [table.sourceId, table.path] }), index('source_files_upload').on(table.uploadId)],
)
