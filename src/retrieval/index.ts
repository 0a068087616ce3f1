import type { FoundPassage, Retrieval, RetrievalScope } from '../contracts/retrieval.ts'
import { type Candidate, createCandidates, type Db, type Wanted } from './candidates.ts'
import { fuse, type Ranked, weigh } from './fuse.ts'
import { createNeighbours } from './neighbours.ts'
import { parseQuestion } from './question.ts'

/** Places that are only pointed at, and hold none of the words: how many of them may answer. */
const MAX_POINTED = 8

/**
 * Searches passages in PostgreSQL alone: full text, titles, names of code and likeness by trigrams, and what points to what in the graph, fused by
 * reciprocal rank. Whoever adds another way to find passages (vectors, say) gives it a list in `fuse`.
 */
export function createRetrieval(sql: Db): Retrieval {
  const { extent, lexemes: lexemesOf, find, ofNodes } = createCandidates(sql)
  const neighbours = createNeighbours(sql)

  /** Candidates by their words, then those that the lines of these point at. */
  async function gather(wanted: Wanted, scope: RetrievalScope) {
    const byWords = await find(wanted, scope)
    const pointed = await neighbours(byWords, wanted)
    const known = new Set(byWords.map(({ nodeId }) => nodeId))
    const others = [...pointed].filter(([id]) => !known.has(id)).sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
    const ids = others.slice(0, MAX_POINTED).map(([id]) => id)
    const candidates: Candidate[] = ids.length === 0 ? byWords : [...byWords, ...(await ofNodes(ids, wanted, scope))]
    return { candidates, pointed }
  }

  return {
    async search(text, scope, limit) {
      const searched = await extent(scope)
      if (searched.files === 0) return { passages: [], searched }
      const { identifiers: names } = parseQuestion(text)
      const lexemes = await lexemesOf(text, scope)
      if (lexemes.length === 0 && names.length === 0) return { passages: [], searched }
      const wanted: Wanted = { lexemes, weights: weigh(lexemes, searched.files), names }
      const { candidates, pointed } = await gather(wanted, scope)
      const ranked = fuse({ ...wanted, candidates, pointed, question: text, preferred: scope.preferred ?? [] })
      return { passages: ranked.slice(0, limit).map(toPassage), searched }
    },
  }
}

function toPassage({ candidate, score }: Ranked): FoundPassage {
  const { id, sourceId, uploadId, path, startLine, endLine, kind, text, nodeId, title, counts, names } = candidate
  return {
    id,
    sourceId,
    uploadId,
    path,
    startLine,
    endLine,
    kind,
    text,
    score,
    matched: [...counts.map(([lexeme]) => lexeme), ...names.map((name) => name.toLowerCase())],
    ...(nodeId && { nodeId }),
    ...(title && (kind === 'code' ? { symbol: title } : { heading: title })),
  }
}
