import type { Candidate, Db, Wanted } from './candidates.ts'

/** Edges by which one place speaks of another. */
const KINDS = ['links', 'mentions', 'calls', 'instantiates', 'references', 'extends', 'implements']
/** The share of the question that a line must hold for its pointers to count. */
const LEAST = 0.5

interface Pointer {
  passageId: string
  to: string
  line: number
}

/**
 * Finds what the passages that hold words of a question point at: a link or a call counts for its target when its own line speaks of what was
 * asked. So a section is found by what others call it. Knows no rights.
 */
export function createNeighbours(sql: Db) {
  const pointersOf = (ids: string[]) => sql<Pointer[]>`
    select p.id as "passageId", e.to_id as "to", e.start_line - p.start_line as line
    from passages p join graph_edges e on e.from_id = p.node_id and e.to_revision is null and e.kind = any(${KINDS}::text[])
      and e.resolution <> 'unresolved' and e.start_line between p.start_line and p.end_line and e.to_id <> e.from_id
    where p.id = any(${sql.array(ids, 2951)})`

  /** How strongly nodes are pointed at, by id; each place that points counts once. */
  return async (candidates: readonly Candidate[], wanted: Wanted): Promise<Map<string, number>> => {
    const byId = new Map(candidates.filter(({ nodeId }) => nodeId !== null).map((one) => [one.id, one]))
    if (byId.size === 0) return new Map()
    const strengths = createStrengths(wanted)
    const places = new Map<string, Map<string, number>>()
    for (const { passageId, to, line } of await pointersOf([...byId.keys()])) {
      const { text, nodeId } = byId.get(passageId) as Candidate
      const strength = strengths(text.split('\n')[line] ?? '')
      if (strength === 0) continue
      const known = places.get(to) ?? new Map<string, number>()
      known.set(nodeId as string, Math.max(known.get(nodeId as string) ?? 0, strength))
      places.set(to, known)
    }
    return new Map([...places].map(([id, known]) => [id, [...known.values()].reduce((sum, one) => sum + one, 0)]))
  }
}

/** How much a line is about the question: the share of its words that the line holds, less for a line that speaks of much else. */
function createStrengths({ lexemes, weights }: Wanted) {
  const asked = lexemes.filter((one) => one.isWord).map(({ lexeme }) => [lexeme, weights.get(lexeme) ?? 0] as const)
  const total = asked.reduce((sum, [, weight]) => sum + weight, 0)
  const known = new Map<string, number>()
  return (line: string): number => {
    const before = known.get(line)
    if (before !== undefined) return before
    const words = wordsOf(line)
    let share = 0
    for (const [lexeme, weight] of asked) if (words.some((word) => isForm(word, lexeme))) share += weight / total
    const strength = share < LEAST ? 0 : share / Math.log2(2 + words.length)
    known.set(line, strength)
    return strength
  }
}

/** Words of a line, with those that identifiers are made of. */
function wordsOf(line: string): string[] {
  const parts = line.replace(/([a-z0-9])([A-Z])/g, '$1 $2')
  return [...new Set(`${line} ${parts}`.toLowerCase().match(/[\p{L}\p{N}]+/gu))]
}

/** Whether a word is the lexeme or one of its inflections; the stemmer's `i` stands for a `y`. */
function isForm(word: string, lexeme: string): boolean {
  return word.startsWith(lexeme.replace(/[iey]$/, '')) && word.length - lexeme.length <= 4
}
