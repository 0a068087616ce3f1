import type { Citation } from '../../contracts/messages.ts'
import type { ModelPassage } from '../../contracts/model.ts'

/** How much of a passage is quoted at most. */
const MAX_LINES = 12
const MAX_CHARS = 900
/** A line longer than this is not quoted: generated or minified code. */
const MAX_LINE_CHARS = 400

/**
 * The stretch of a passage that holds most of what was asked for, as a citation: whole lines, letter for letter, blank ones at
 * the ends left out. Undefined when there is nothing fit to quote.
 */
export function quoteOf(passage: ModelPassage): Citation | undefined {
  const lines = passage.text.split('\n')
  const stems = passage.matched.map((word) => word.toLowerCase().replace(/[iey]$/, ''))
  const scores = lines.map((line, index) => scoreLine(line, stems) + (index === 0 ? 1 : 0))
  const { from, to } = trim(lines, bestWindow(lines, scores))
  if (from > to) return undefined
  const { uploadId, path, startLine, nodeId } = passage
  const quote = lines.slice(from, to + 1).join('\n')
  return { uploadId, path, startLine: startLine + from, endLine: startLine + to, ...(nodeId && { nodeId }), quote }
}

function scoreLine(line: string, stems: readonly string[]): number {
  if (line.length > MAX_LINE_CHARS) return Number.NEGATIVE_INFINITY
  const lower = line.toLowerCase()
  return stems.reduce((sum, stem) => sum + (stem.length > 1 && lower.includes(stem) ? 2 : 0), 0)
}

/** The window with the highest sum; of equal ones the earliest and shortest that holds all of its points. */
function bestWindow(lines: readonly string[], scores: readonly number[]): { from: number; to: number } {
  let best = { from: 0, to: -1, score: Number.NEGATIVE_INFINITY }
  for (let from = 0; from < lines.length; from++) {
    let score = 0
    let chars = 0
    for (let to = from; to < lines.length && to < from + MAX_LINES; to++) {
      score += scores[to] ?? 0
      chars += (lines[to] ?? '').length + 1
      if (score === Number.NEGATIVE_INFINITY || chars > MAX_CHARS) break
      if (score > best.score) best = { from, to, score }
    }
  }
  if (best.to < 0) return best
  // Room that is left goes to what follows: a definition is worth more with its body.
  let to = best.to
  let chars = lines.slice(best.from, to + 1).join('\n').length
  while (to + 1 < lines.length && to + 1 - best.from < MAX_LINES) {
    const next = lines[to + 1] ?? ''
    chars += next.length + 1
    if (chars > MAX_CHARS || next.length > MAX_LINE_CHARS) break
    to++
  }
  return { from: best.from, to }
}

function trim(lines: readonly string[], { from, to }: { from: number; to: number }): { from: number; to: number } {
  let start = from
  let end = to
  while (start <= end && !lines[start]?.trim()) start++
  while (end >= start && !lines[end]?.trim()) end--
  return { from: start, to: end }
}
