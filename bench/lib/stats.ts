/** The middle value (mean of the two middle ones for an even count); NaN for an empty list. */
export function median(values: readonly number[]): number {
  if (values.length === 0) return Number.NaN
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** The value below which `share` (0..1) of an ascending list lies, by nearest rank; NaN for an empty list. */
export function percentile(ascending: ArrayLike<number>, share: number): number {
  if (ascending.length === 0) return Number.NaN
  const rank = Math.ceil(share * ascending.length) - 1
  return ascending[Math.min(ascending.length - 1, Math.max(0, rank))]!
}

/**
 * Median of the per-round quotients `a[i] / b[i]`. Rounds of two targets run side by side in time, so that what else
 * the machine does at that moment touches both and mostly cancels out; a quotient of medians would not have that.
 */
export function pairedRatio(a: readonly number[], b: readonly number[]): number {
  const pairs = Math.min(a.length, b.length)
  return median(Array.from({ length: pairs }, (_, i) => a[i]! / b[i]!))
}
