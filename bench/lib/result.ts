/** One column of a result table; the unit stands in its title. */
export interface Column {
  key: string
  title: string
  digits: number
}

/** A ratio of two targets and, where issue or documentation promise one, the figure that it must keep. */
export interface Ratio {
  name: string
  value: number
  figure?: { atLeast?: number; atMost?: number }
}

/** The machine and versions of a run. */
export interface Machine {
  cpu: string
  cores: number
  memoryGiB: number
  node: string
  platform: string
  /** One-minute load average when the load began: far above 0, others were using the machine too. */
  loadBefore: number
}

/** What one load gives back: medians over the rounds for each target, and ratios of paired rounds. */
export interface LoadResult {
  load: string
  title: string
  about: string
  columns: Column[]
  rows: { target: string; values: Record<string, number> }[]
  ratios: Ratio[]
  rounds: number
  /** Anything that makes the figures doubtful: a busy generator, a missing target. */
  remarks: string[]
  at: string
  machine: Machine
}

/** Whether a ratio keeps its figure; undefined where there is none. */
export function holds(ratio: Ratio): boolean | undefined {
  if (!ratio.figure) return undefined
  const { atLeast = Number.NEGATIVE_INFINITY, atMost = Number.POSITIVE_INFINITY } = ratio.figure
  return ratio.value >= atLeast && ratio.value <= atMost
}
