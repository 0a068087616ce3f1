import type { Candidate, Lexeme, Wanted } from './candidates.ts'
import { sameName, textScore, titleScore } from './scores.ts'

/** A candidate with its place in the answer. */
export interface Ranked {
  candidate: Candidate
  /** Larger is better; comparable within one question only. */
  score: number
  /** The share of the question that it holds, weighed by how rare the words are. */
  coverage: number
}

/** What a ranking follows from. */
export interface FuseInput extends Wanted {
  candidates: readonly Candidate[]
  question: string
  /** Uploads whose passages are preferred. */
  preferred: readonly string[]
  /** How strongly others point at nodes, by id. */
  pointed: ReadonlyMap<string, number>
}

/** The constant of reciprocal rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009). */
const RRF_K = 60
/** What each list counts. */
const WEIGHTS = { text: 1, title: 1.4, name: 1, likeness: 0.6, pointed: 1.2 }
/** The share of the question that a passage must hold to count as an answer. */
const COVERAGE = 0.5
/** A title that looks as much like a name as this counts as one without its words. */
const LIKENESS = 0.7
/** One that is pointed at like this answers even without its words. */
const POINTED = 0.25
/** What a passage gains whose title is the question, by {@link sameName}. */
const SAME = [1, 1.2, 1.5]
const PREFERRED = 1.5
/** Tests talk of everything, mostly beside the point; they come later unless they were asked for. */
const TESTS = 0.6
const TEST_PATH = /(^|\/)(tests?|__tests__|spec|fixtures)\/|[._](test|spec)\.\w+$/i

/** How much each word of the question says. A word that is nowhere weighs as much as the rarest: it is what the question is about, and it is missing. */
export function weigh(lexemes: readonly Lexeme[], files: number): Map<string, number> {
  return new Map(lexemes.map(({ lexeme, passages }) => [lexeme, Math.log(1 + (10 + files) / Math.max(1, passages))]))
}

/** Ranks candidates by each of several lists, and these together; the best passage of each node stays. */
export function fuse(input: FuseInput): Ranked[] {
  const { candidates, lexemes, preferred, pointed } = input
  const sums = sumOfLists(input)
  const coverageOf = createCoverage(input)
  const asksForTests = lexemes.some(({ lexeme }) => lexeme === 'test')
  const pointedAt = ({ nodeId }: Candidate) => (nodeId === null ? 0 : (pointed.get(nodeId) ?? 0))
  const ranked = candidates.map((candidate): Ranked => {
    const coverage = coverageOf(candidate)
    const wanted = candidate.uploadId !== null && preferred.includes(candidate.uploadId)
    const beside = !asksForTests && TEST_PATH.test(candidate.path)
    const same = SAME[sameName(input.question, candidate.title)] ?? 1
    const score = (sums.get(candidate) ?? 0) * (0.5 + coverage) * same * (wanted ? PREFERRED : 1) * (beside ? TESTS : 1)
    return { candidate, score, coverage }
  })
  const fits = ({ candidate, coverage }: Ranked) =>
    coverage >= COVERAGE ||
    candidate.names.length > 0 ||
    candidate.likeness > LIKENESS ||
    pointedAt(candidate) >= POINTED
  return bestOfEach(ranked.filter(fits).sort((a, b) => b.score - a.score || (a.candidate.id < b.candidate.id ? -1 : 1)))
}

function sumOfLists(input: FuseInput): Map<Candidate, number> {
  const { candidates, names, pointed } = input
  const average = candidates.reduce((sum, { size }) => sum + size, 0) / Math.max(1, candidates.length)
  const lists: [weight: number, score: (one: Candidate) => number][] = [
    [WEIGHTS.text, (one) => textScore(one, input.weights, average)],
    [WEIGHTS.title, (one) => titleScore(one, input.question, input)],
    [WEIGHTS.name, (one) => nameScore(one, names)],
    [WEIGHTS.likeness, ({ likeness }) => (likeness > LIKENESS ? likeness : 0)],
    [WEIGHTS.pointed, ({ nodeId }) => (nodeId === null ? 0 : (pointed.get(nodeId) ?? 0))],
  ]
  const sums = new Map<Candidate, number>()
  for (const [weight, score] of lists) {
    for (const [candidate, rank] of ranks(candidates, score))
      sums.set(candidate, (sums.get(candidate) ?? 0) + weight / (RRF_K + rank))
  }
  return sums
}

/** The share of the question's words that a candidate holds. */
function createCoverage({ lexemes, weights }: Wanted): (candidate: Candidate) => number {
  const words = new Map(lexemes.filter((one) => one.isWord).map(({ lexeme }) => [lexeme, weights.get(lexeme) ?? 0]))
  const total = [...words.values()].reduce((sum, one) => sum + one, 0)
  return ({ counts }) => (total === 0 ? 0 : counts.reduce((sum, [lexeme]) => sum + (words.get(lexeme) ?? 0), 0) / total)
}

function nameScore({ title, names }: Candidate, asked: readonly string[]): number {
  const defines = asked.some((name) => title === name || title.endsWith(`.${name}`))
  return names.length + (defines ? 2 : 0)
}

/** Ranks from 1; equals share one, and what has nothing has none. */
function ranks(candidates: readonly Candidate[], of: (one: Candidate) => number): Map<Candidate, number> {
  const scored = candidates.map((candidate) => ({ candidate, score: of(candidate) })).filter(({ score }) => score > 0)
  scored.sort((a, b) => b.score - a.score)
  const places = new Map<Candidate, number>()
  let rank = 0
  for (const [at, { candidate, score }] of scored.entries()) {
    if (at === 0 || score < (scored[at - 1] as { score: number }).score) rank = at + 1
    places.set(candidate, rank)
  }
  return places
}

function bestOfEach(ranked: Ranked[]): Ranked[] {
  const seen = new Set<string>()
  return ranked.filter(({ candidate: { nodeId } }) => {
    if (nodeId === null) return true
    if (seen.has(nodeId)) return false
    seen.add(nodeId)
    return true
  })
}
