/** Offsets to line numbers of one text. */

/** Start offsets of all lines. */
export function lineStarts(text: string): number[] {
  const starts = [0]
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return starts
}

/** 1-based line that an offset stands on. */
export function lineAt(starts: readonly number[], offset: number): number {
  let low = 0
  let high = starts.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((starts[middle] as number) <= offset) low = middle
    else high = middle - 1
  }
  return low + 1
}

/** Number of lines with content: a final line break does not open another line. */
export function countLines(text: string, starts: readonly number[]): number {
  if (text === '') return 0
  return text.endsWith('\n') ? starts.length - 1 : starts.length
}

/** Text of the lines `first..last` (1-based, inclusive), without the final line break. */
export function sliceLines(text: string, starts: readonly number[], first: number, last: number): string {
  const from = starts[first - 1] ?? text.length
  const to = last < starts.length ? (starts[last] as number) - 1 : text.length
  const slice = text.slice(from, to)
  return slice.endsWith('\r') ? slice.slice(0, -1) : slice
}
