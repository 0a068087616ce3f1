import type { PendingQuery, Row, Sql, TransactionSql } from 'postgres'
import type { RetrievalScope } from '../contracts/retrieval.ts'

/** A connection, or a transaction on one. */
export type Db = Sql<{ bigint: number }> | TransactionSql<{ bigint: number }>
type Fragment = PendingQuery<Row[]>

/** A word of the question. */
export interface Lexeme {
  lexeme: string
  /** Passages that hold it, up to {@link MANY}. */
  passages: number
  /** Whether it is a word, rather than several written as one (`createCache`), whose parts are told as well. */
  isWord: boolean
}

/** A passage that may answer, with what its rank follows from. */
export interface Candidate {
  id: string
  sourceId: string
  uploadId: string | null
  path: string
  startLine: number
  endLine: number
  kind: 'doc' | 'code'
  title: string
  text: string
  nodeId: string | null
  /** Number of different words that it holds. */
  size: number
  /** How often it holds the words of the question: in the text, and in its title or path. */
  counts: [lexeme: string, text: number, title: number][]
  /** Words of its own heading or name. */
  headline: string[]
  /** Identifiers of the question in its text or path. */
  names: string[]
  /** How much its title looks like an identifier or an unknown word of the question, 0 to 1. */
  likeness: number
}

/** What is looked for. */
export interface Wanted {
  lexemes: readonly Lexeme[]
  /** How much each lexeme says. */
  weights: ReadonlyMap<string, number>
  /** Identifiers of the question. */
  names: readonly string[]
}

/** Words in more passages than this say next to nothing, and are not counted further. */
const MANY = 20_000
/** How deep each list goes before they are ranked together. */
const DEPTH = 80
const MAX_LEXEMES = 24

/** The SQL of the search over passages. Knows no rights. */
export function createCandidates(sql: Db) {
  const within = createScope(sql)

  /** Words of identifiers and paths as words of their own, as the index has them. */
  const apart = (text: Fragment) => sql`regexp_replace(${text}, '([a-z0-9])([A-Z])|[/._-]+', '\\1 \\2', 'g')`

  /** Passages with what is to be known for their rank. */
  const described = (passages: Fragment, { lexemes, names }: Wanted) => sql<Candidate[]>`
    select p.id, p.source_id as "sourceId", p.path, p.start_line as "startLine", p.end_line as "endLine", p.kind, p.title, p.text, p.node_id as "nodeId",
      (select f.upload_id from source_files f where f.source_id = p.source_id and f.path = p.path) as "uploadId",
      length(p.search) as size,
      (select coalesce(jsonb_agg(jsonb_build_array(u.lexeme, (select count(*) from unnest(u.weights) as w where w <> 'A'),
          (select count(*) from unnest(u.weights) as w where w = 'A'))), '[]')
        from unnest(p.search) as u where u.lexeme = any(${lexemes.map((one) => one.lexeme)}::text[])) as counts,
      tsvector_to_array(to_tsvector('english', ${apart(sql`regexp_replace(p.title, '^.* > ', '')`)})) as headline,
      array(select n from unnest(${names as string[]}::text[]) as n
        where strpos(lower(p.text), lower(n)) > 0 or right(lower(p.path), length(n)) = lower(n)) as names,
      coalesce((select max(word_similarity(n, p.title)) from unnest(${alike(lexemes, names)}::text[]) as n), 0) as likeness
    from (${passages}) as found join passages p using (id)`

  return {
    /** How much there is to look through. */
    async extent(scope: RetrievalScope): Promise<{ files: number; uploads: number }> {
      const [row] = await sql<{ files: number; uploads: number }[]>`
        select count(*)::int as files, count(distinct f.upload_id)::int as uploads
        from (select distinct p.source_id, p.path from passages p where ${within(scope)}) as p
          left join source_files f on f.source_id = p.source_id and f.path = p.path`
      return row ?? { files: 0, uploads: 0 }
    },

    /** The words of a text as the index knows them. */
    lexemes(text: string, scope: RetrievalScope): Promise<Lexeme[]> {
      return sql<Lexeme[]>`
        with words as (select unnest(tsvector_to_array(to_tsvector('english', ${apart(sql`${text}::text`)}))) as lexeme),
          wholes as (select unnest(tsvector_to_array(to_tsvector('english', ${text}::text))) as lexeme)
        select lexeme, "isWord", (select count(*)::int from (
            select from passages p where ${within(scope)} and p.search @@ quote_literal(lexeme)::tsquery limit ${MANY}) as held) as passages
        from (select lexeme, true as "isWord" from words union all
          select lexeme, false from wholes where lexeme not in (select lexeme from words)) as found
        where strpos(lexeme, '\\') = 0 order by "isWord" desc limit ${MAX_LEXEMES}`
    },

    /** Passages from four lists: those that hold rare words, or hold them in the title; those with the identifiers; those with a title that looks alike. */
    find(wanted: Wanted, scope: RetrievalScope): Promise<Candidate[]> {
      const { lexemes, weights, names } = wanted
      const patterns = names.map((name) => `%${name.replace(/[\\%_]/g, '\\$&')}%`)
      const asked = telling(lexemes)
      const passages = sql`
        with words as (
          select * from unnest(${asked}::text[], ${asked.map((one) => weights.get(one) ?? 0)}::float8[]) as w(lexeme, weight)
        ), query as (
          select (select string_agg(quote_literal(lexeme), ' | ')::tsquery from words) as any_word,
            (select string_agg(quote_literal(lexeme) || ':A', ' | ')::tsquery from words) as any_title,
            (select string_agg(part.query::text, ' | ')::tsquery from (
              select plainto_tsquery('english', ${apart(sql`n`)}) as query from unnest(${names as string[]}::text[]) as n) part
              where numnode(part.query) > 0) as any_name
        ), by_text as (
          select p.id from passages p, query where ${within(scope)} and p.search @@ query.any_word
          order by (select sum(weight) from words where p.search @@ quote_literal(lexeme)::tsquery) desc,
            ts_rank(p.search, query.any_word, 1) desc, p.id limit ${DEPTH}
        ), by_title as (
          select p.id from passages p, query where ${within(scope)} and p.search @@ query.any_title
          order by (select sum(weight) from words where p.search @@ (quote_literal(lexeme) || ':A')::tsquery) desc,
            length(p.title), p.id limit ${DEPTH}
        ), by_name as (
          select p.id from passages p, query
          where ${within(scope)} and p.search @@ query.any_name and p.text ilike any(${patterns}::text[])
          order by p.kind = 'code' desc, length(p.text), p.id limit ${DEPTH}
        ), by_likeness as (
          select p.id from passages p, unnest(${alike(lexemes, names)}::text[]) as n where ${within(scope)} and p.title %> n
          group by p.id order by max(word_similarity(n, p.title)) desc, length(p.title), p.id limit ${DEPTH})
        select id from by_text union select id from by_title union select id from by_name union select id from by_likeness`
      return described(passages, wanted)
    },

    /** The first passage of each of some nodes. */
    ofNodes(nodeIds: readonly string[], wanted: Wanted, scope: RetrievalScope): Promise<Candidate[]> {
      const passages = sql`select distinct on (p.node_id) p.id from passages p
        where ${within(scope)} and p.node_id = any(${sql.array([...nodeIds], 2951)}) order by p.node_id, p.start_line, p.id`
      return described(passages, wanted)
    },
  }
}

function createScope(sql: Db) {
  const phrase = (words: string) => sql`phraseto_tsquery('english', ${words})`
  const all = (parts: Fragment[]) => parts.reduce((joined, part) => sql`${joined} ${part}`, sql``)
  return ({
    workspaceId,
    sourceId,
    only,
    kind,
    phrases = [],
    without = [],
  }: RetrievalScope) => sql`p.workspace_id = ${workspaceId}
    ${sourceId ? sql`and p.source_id = ${sourceId}` : sql``} ${kind ? sql`and p.kind = ${kind}` : sql``}
    ${all(phrases.map((words) => sql`and (p.search @@ ${phrase(words)} or numnode(${phrase(words)}) = 0)`))}
    ${all(without.map((words) => sql`and not p.search @@ ${phrase(words)}`))}
    ${
      only
        ? sql`and exists (select from source_files f where f.source_id = p.source_id and f.path = p.path
            and f.upload_id = any(${sql.array([...only], 2951)}))`
        : sql``
    }`
}

/** A word that stands everywhere finds nothing by itself, unless the question has no other. */
function telling(lexemes: readonly Lexeme[]): string[] {
  const some = lexemes.filter(({ passages }) => passages > 0 && passages < MANY)
  return (some.length > 0 ? some : lexemes).map(({ lexeme }) => lexeme)
}

/** What may be written otherwise than it is there: names of code, and words that are nowhere. */
function alike(lexemes: readonly Lexeme[], names: readonly string[]): string[] {
  const unknown = lexemes.filter(({ isWord, passages }) => isWord && passages === 0)
  return [...names, ...unknown.map(({ lexeme }) => lexeme)]
}
