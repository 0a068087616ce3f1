import type { Sql } from 'postgres'
import type { SearchResult } from './model.ts'

type MessageHit = SearchResult['messages'][number]
/** A hit whose highlight still has its marks in the text. */
export type Marked<Hit extends { highlight: unknown }> = Omit<Hit, 'highlight'> & { marked: string }

/** Characters around what was found, and in place of `<`: what looks like a tag would be left out. They are taken out of texts before. */
export const MARKS = { start: '\u0002', stop: '\u0003', less: '\u0004' } as const
const HEADLINE = `StartSel=${MARKS.start}, StopSel=${MARKS.stop}, MaxWords=36, MinWords=18, MaxFragments=1`

/** The SQL of the search. Rights over messages are part of the query; the workspace was checked by whoever calls. */
export function createSearchRepository(sql: Sql<{ bigint: number }>) {
  const clean = (column: string) =>
    sql`translate(${sql.unsafe(column)}, ${`<${MARKS.start}${MARKS.stop}${MARKS.less}`}, ${MARKS.less})`

  return {
    /** Messages of conversations that the user may read. */
    messages(userId: string, workspaceId: string | undefined, roles: readonly string[], q: string, limit: number) {
      return sql<Marked<MessageHit>[]>`
        with query as (select websearch_to_tsquery('simple', ${q}) as words), hits as (
          select m.*, c.title, ts_rank_cd(to_tsvector('simple', m.content), query.words) as rank
          from query, messages m join conversations c on c.id = m.conversation_id and c.deleted_at is null
          where to_tsvector('simple', m.content) @@ query.words and m.deleted_at is null
            ${workspaceId ? sql`and c.workspace_id = ${workspaceId}` : sql``}
            and (exists (select from conversation_members cm where cm.conversation_id = c.id and cm.user_id = ${userId})
              or exists (select from workspace_members wm where wm.workspace_id = c.workspace_id and wm.user_id = ${userId}
                and wm.role = any(${[...roles]}::text[])))
          order by rank desc, m.id desc limit ${limit})
        select id as "messageId", conversation_id as "conversationId", title as "conversationTitle", seq, role, author_id as "authorId",
          created_at as "createdAt", ts_headline('simple', ${clean('content')}, query.words, ${HEADLINE}) as marked
        from hits, query order by rank desc, id desc`
    },

    /** The texts of some passages around what was searched. */
    async excerpts(ids: readonly string[], q: string): Promise<Map<string, string>> {
      const rows = await sql<{ id: string; marked: string }[]>`
        with query as (
          select coalesce(string_agg(quote_literal(l), ' | '), '')::tsquery as words
          from unnest(tsvector_to_array(to_tsvector('english', ${q}::text))) as l where strpos(l, '\\') = 0)
        select p.id, ts_headline('english', ${clean('p.text')}, query.words, ${HEADLINE}) as marked
        from passages p, query where p.id = any(${ids as string[]}::uuid[])`
      return new Map(rows.map(({ id, marked }) => [id, marked]))
    },
  }
}
