/** Numbers that look random and are the same for the same seed (mulberry32), so that a failed run can be had again. */
export type SeededRandom = {
  /** A whole number, 0 <= n < below. */
  below(limit: number): number
  /** True once in so many times. */
  once(inAll: number): boolean
  pick<T>(list: readonly T[]): T
  shuffle<T>(list: readonly T[]): T[]
}

/** Makes a generator; see {@link SeededRandom}. */
export function seededRandom(seed: number): SeededRandom {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
  const below = (limit: number) => Math.floor((next() / 2 ** 32) * limit)
  return {
    below,
    once: (inAll) => below(inAll) === 0,
    pick: (list) => list[below(list.length)] as (typeof list)[number],
    shuffle(list) {
      const left = [...list]
      return list.map(() => left.splice(below(left.length), 1)[0] as (typeof list)[number])
    },
  }
}

/** SEED of the environment, or one of the clock. */
export const chosenSeed = (): number => Number(process.env.SEED ?? Date.now() % 1_000_000)
