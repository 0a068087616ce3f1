/** Inclusive byte positions. */
export interface Span {
  start: number
  end: number
}

/** Ranges beyond this many are not served one by one: the whole is cheaper, and asking for more is an attack. */
const MAX_RANGES = 8

/**
 * Reads a Range header against a representation of `size` bytes (RFC 9110, 14.1.2 and 14.2). Ranges that overlap or
 * touch are joined, in ascending order.
 *
 * @returns the spans to send; `undefined` where the header is to be ignored (absent, another unit, malformed, or more
 * than 8 ranges); `unsatisfiable` where no range meets the content
 */
export function parseRange(header: string | undefined, size: number): Span[] | undefined | 'unsatisfiable' {
  if (header === undefined || header.length > 500) return undefined
  const list = /^bytes=([\d\-, \t]+)$/i.exec(header)?.[1]
  if (!list) return undefined
  const specs = list.split(',').map((spec) => spec.trim())
  if (specs.length > MAX_RANGES) return undefined
  const spans: Span[] = []
  for (const spec of specs) {
    const [, first = '', last = ''] = /^(\d{0,15})-(\d{0,15})$/.exec(spec) ?? []
    if (first === '' && last === '') return undefined
    if (first !== '' && last !== '' && Number(last) < Number(first)) return undefined
    const start = first === '' ? Math.max(size - Number(last), 0) : Number(first)
    const end = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1)
    const wanted = first !== '' || Number(last) > 0
    if (wanted && start <= end) spans.push({ start, end })
  }
  return spans.length === 0 ? 'unsatisfiable' : join(spans)
}

function join(spans: Span[]): Span[] {
  const joined: Span[] = []
  for (const span of spans.sort((a, b) => a.start - b.start)) {
    const last = joined.at(-1)
    if (last && span.start <= last.end + 1) last.end = Math.max(last.end, span.end)
    else joined.push({ ...span })
  }
  return joined
}
