import { httpColumns, httpRounds, ratioOf, summarize } from './http-rounds.ts'
import type { LoadResult, Ratio } from './result.ts'
import type { Bench, HttpLoadName, HttpTarget } from './target.ts'

/** What a load's file says of it; the figures are those that the project promises. */
export interface HttpLoadDescription {
  load: HttpLoadName
  title: string
  about: string
  ratios: { metric: 'perSecond' | 'cpuMicros'; a: string; b: string; figure?: Ratio['figure'] }[]
}

/** A load as the command knows it: run it against the started targets, get its result without date and machine. */
export interface HttpLoad {
  name: HttpLoadName
  run(bench: Bench, targets: Record<string, HttpTarget>): Promise<Omit<LoadResult, 'at' | 'machine'>>
}

/** Makes a load of its description. */
export function httpLoad(description: HttpLoadDescription): HttpLoad {
  const { load, title, about } = description
  return {
    name: load,
    async run(bench, targets) {
      const samples = await httpRounds(bench, targets, load)
      const ratios = description.ratios.flatMap(({ metric, a, b, figure }) => {
        const ratio = ratioOf(samples, metric, a, b)
        return ratio ? [{ ...ratio, ...(figure && { figure }) }] : []
      })
      return { load, title, about, columns: httpColumns, ...summarize(samples), ratios, rounds: bench.rounds }
    },
  }
}
