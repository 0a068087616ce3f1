import type { Sql } from 'postgres'
import type { ModelPassage } from '../contracts/model.ts'
import { parseQuestion } from './question.ts'

/** Where to look. */
export interface SearchScope {
  workspaceId: string
  /** Uploads that the conversation is about: their passages are preferred. */
  preferred?: readonly string[]
  /** Nothing but these uploads. */
  only?: readonly string[]
}

/** What a search brought. */
export interface Found {
  /** Best first; empty when nothing answers the question well enough. */
  passages: ModelPassage[]
  /** How much was looked through. */
  searched: { files: number; uploads: number }
}

interface Candidate extends Omit<ModelPassage, 'score' | 'matched' | 'heading' | 'symbol'> {
  title: string
  /** Lexemes of the question that it holds. */
  lexemes: string[]
  /** Identifiers of the question that it holds, or that it defines. */
  names: string[]
  defines: boolean
  /** Places in the lists, from 1. */
  textRank: number | null
  nameRank: number | null
  titleRank: number | null
}

interface Lexeme {
  lexeme: string
  passages: number
}

/** How deep each list goes before they are fused. */
const DEPTH = 40
/** The constant of reciprocal rank fusion (Cormack, Clarke and Buettcher, SIGIR 2009). */
const RRF_K = 60
/** Weight of the lists: full text, identifiers in the text, names of symbols and headings. */
const WEIGHTS = { text: 1, name: 1.2, title: 1.4 }
/** The share of the question, weighed by how rare its words are, that a passage must hold to count as an answer. */
const COVERAGE = 0.5
const PREFERRED = 1.5
/** Tests talk of everything, mostly beside the point; they come later unless they were asked for. */
const TESTS = 0.6
const TEST_PATH = /(^|\/)(tests?|__tests__|spec|fixtures)\/|[._](test|spec)\.\w+$/i

/**
 * Searches the passages of a workspace: words by PostgreSQL full text, names of code by trigrams and case, fused by reciprocal rank. Knows no
 * rights: whoever calls has checked that the workspace may be read.
 */
export function createRetrieval(sql: Sql<{ bigint: number }>) {
  const within = ({ workspaceId, only }: SearchScope) =>
    sql`p.workspace_id = ${workspaceId} ${only ? sql`and p.upload_id = any(${sql.array([...only], 2951)})` : sql``}`

  /** The words of the question as the index knows them, and how many passages hold each. */
  async function lexemesOf(text: string, scope: SearchScope): Promise<Lexeme[]> {
    return sql<Lexeme[]>`
      select lexeme, (select count(*)::int from passages p
                      where ${within(scope)} and p.search @@ quote_literal(lexeme)::tsquery) as passages
      from (select unnest(tsvector_to_array(to_tsvector('english', ${text}))) as lexeme) words
      where strpos(lexeme, '\\') = 0 limit 24`
  }

  async function candidates(lexemes: string[], names: string[], scope: SearchScope): Promise<Candidate[]> {
    const patterns = names.map((name) => `%${name.replace(/[\\%_]/g, '\\$&')}%`)
    return sql<Candidate[]>`
      with query as (
        select (select string_agg(quote_literal(l), ' | ')::tsquery from unnest(${lexemes}::text[]) as l) as any_word
      ), by_text as (
        select p.id, row_number() over (order by ts_rank_cd(p.search, query.any_word, 1) desc, p.id) as rank
        from passages p, query where ${within(scope)} and p.search @@ query.any_word
        order by rank limit ${DEPTH}
      ), by_name as (
        select p.id, row_number() over (order by
            (select count(*) from unnest(${names}::text[]) as n where strpos(p.text, n) > 0) desc,
            p.kind = 'code' desc, length(p.text), p.id) as rank
        from passages p where ${within(scope)} and p.text ilike any(${patterns}::text[])
        order by rank limit ${DEPTH}
      ), by_title as (
        select p.id, row_number() over (order by best.score desc, p.kind = 'code' desc, p.id) as rank
        from passages p, lateral (
          select max(greatest(similarity(p.title, n), case when p.path ilike '%' || n then 0.9 else 0 end)) as score
          from unnest(${names}::text[]) as n) best
        where ${within(scope)} and best.score > 0.5 and (p.title % any(${names}::text[]) or p.path ilike any(${patterns}::text[]))
        order by rank limit ${DEPTH}
      ), ids as (select id from by_text union select id from by_name union select id from by_title)
      select p.upload_id as "uploadId", p.path, p.start_line as "startLine", p.end_line as "endLine", p.kind, p.title,
        p.text, p.node_id as "nodeId",
        array(select l from unnest(${lexemes}::text[]) as l where p.search @@ quote_literal(l)::tsquery) as lexemes,
        array(select n from unnest(${names}::text[]) as n where p.text ilike '%' || n || '%' or p.path ilike '%' || n) as names,
        exists(select from unnest(${names}::text[]) as n where p.title = n or p.title like '%.' || n) as defines,
        by_text.rank::int as "textRank", by_name.rank::int as "nameRank", by_title.rank::int as "titleRank"
      from ids join passages p using (id)
        left join by_text using (id) left join by_name using (id) left join by_title using (id)`
  }

  async function extent(scope: SearchScope): Promise<Found['searched']> {
    const [row] = await sql<{ files: number; uploads: number }[]>`
      select count(distinct (source_id, path))::int as files, count(distinct upload_id)::int as uploads
      from passages p where ${within(scope)}`
    return row ?? { files: 0, uploads: 0 }
  }

  return {
    /** The passages that answer a text best. `limit` at most, none of them a rough guess. */
    async search(text: string, scope: SearchScope, limit: number): Promise<Found> {
      const searched = await extent(scope)
      if (searched.files === 0) return { passages: [], searched }
      const { identifiers } = parseQuestion(text)
      const lexemes = await lexemesOf(text, scope)
      if (lexemes.length === 0 && identifiers.length === 0) return { passages: [], searched }
      const rows = await candidates(
        lexemes.map((one) => one.lexeme),
        identifiers,
        scope,
      )
      return { passages: fuse(rows, lexemes, searched.files, scope.preferred ?? [], limit), searched }
    },
  }
}

/** See {@link createRetrieval}. */
export type Retrieval = ReturnType<typeof createRetrieval>

function fuse(
  rows: Candidate[],
  lexemes: Lexeme[],
  files: number,
  preferred: readonly string[],
  limit: number,
): ModelPassage[] {
  // A word that is nowhere weighs as much as the rarest one: it is what the question is about, and it is missing.
  const weight = new Map(
    lexemes.map(({ lexeme, passages }) => [lexeme, Math.log(1 + (10 + files) / Math.max(1, passages))]),
  )
  const besides = ({ path }: Candidate) => !weight.has('test') && TEST_PATH.test(path)
  const total = [...weight.values()].reduce((sum, one) => sum + one, 0)
  return rows
    .map((row) => {
      const held = row.lexemes.reduce((sum, lexeme) => sum + (weight.get(lexeme) ?? 0), 0)
      const coverage = total === 0 ? 0 : held / total
      const ranked =
        share(row.textRank, WEIGHTS.text) + share(row.nameRank, WEIGHTS.name) + share(row.titleRank, WEIGHTS.title)
      const wanted = row.uploadId !== null && preferred.includes(row.uploadId)
      const score =
        ranked * (0.5 + coverage) * (row.defines ? 1.5 : 1) * (wanted ? PREFERRED : 1) * (besides(row) ? TESTS : 1)
      return { row, coverage, score }
    })
    .filter(({ row, coverage }) => coverage >= COVERAGE || row.names.length > 0)
    .sort((a, b) => b.score - a.score)
    .slice(0, limit)
    .map(({ row, score }) => toPassage(row, score))
}

const share = (rank: number | null, weight: number): number => (rank === null ? 0 : weight / (RRF_K + rank))

function toPassage(row: Candidate, score: number): ModelPassage {
  const { uploadId, path, startLine, endLine, kind, text, nodeId, title, lexemes, names } = row
  return {
    uploadId,
    path,
    startLine,
    endLine,
    kind,
    text,
    score,
    matched: [...lexemes, ...names.map((name) => name.toLowerCase())],
    ...(nodeId && { nodeId }),
    ...(title && (kind === 'code' ? { symbol: title } : { heading: title })),
  }
}
