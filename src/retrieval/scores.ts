import type { Candidate, Wanted } from './candidates.ts'

/** Saturation and length normalization of BM25 (Robertson and Zaragoza, 2009), and how much a word of the title counts. */
const [K1, B, TITLE] = [1.2, 0.75, 3]

/** BM25 over the words of the question; `average` is the usual number of words of a candidate. */
export function textScore({ counts, size }: Candidate, weights: ReadonlyMap<string, number>, average: number): number {
  const norm = K1 * (1 - B + (B * size) / Math.max(1, average))
  return counts.reduce((sum, [lexeme, text, title]) => {
    const frequency = text + TITLE * Math.min(1, title)
    return sum + (weights.get(lexeme) ?? 0) * ((frequency * (K1 + 1)) / (frequency + norm))
  }, 0)
}

/** How well a heading or a name, with what stands above it, says what was asked for: above 1 only where it is the same name. */
export function titleScore(
  { title, headline, counts }: Candidate,
  question: string,
  { lexemes, weights }: Wanted,
): number {
  const words = lexemes.filter((one) => one.isWord).map(({ lexeme }) => lexeme)
  const share = (held: ReadonlySet<string>) => {
    const sum = (of: string[]) => of.reduce((all, lexeme) => all + (weights.get(lexeme) ?? 0), 0)
    return words.length === 0 ? 0 : sum(words.filter((lexeme) => held.has(lexeme))) / sum(words)
  }
  const own = new Set(headline)
  const same = sameName(question, title)
  const inHeadline = share(own)
  if (inHeadline === 0) return same
  const inWhole = share(new Set(counts.filter(([, , inTitle]) => inTitle > 0).map(([lexeme]) => lexeme)))
  const precision = words.filter((lexeme) => own.has(lexeme)).length / Math.max(1, own.size)
  return (0.7 * inHeadline + 0.3 * inWhole) * (0.4 + 0.6 * precision) + same
}

/** How much a title is the very name that was asked for: 2 for the same but for arguments and punctuation, 1 for the last part of a longer one. */
export function sameName(question: string, title: string): number {
  const plain = (text: string) => text.toLowerCase().replace(/\(.*\)|\[[^\]]*\]|<.*>/g, '')
  const bare = (text: string) => plain(text).replace(/[^\p{L}\p{N}]+/gu, '')
  const asked = bare(question)
  if (asked === '') return 0
  const own = title.split(' > ').at(-1) ?? ''
  if (asked === bare(own)) return 2
  const last = plain(own).split(/[.#]/).at(-1) ?? ''
  return asked === bare(last) ? 1 : 0
}
