/** How {@link createCombiner} combines. */
export interface CombinerOptions<Item, Result> {
  /** Does the work for all items at once: all or nothing, and one result for each item in their order. */
  run: (items: Item[]) => Promise<Result[]>
  /** Whether a failed run has left nothing behind, so that its items may be tried one by one: one bad item then fails alone. */
  undone: (error: unknown) => boolean
  /** Items of one run at most. */
  max?: number
  /** Runs at the same time at most; while that many are under way, items gather. */
  parallel?: number
}

interface Waiting<Item, Result> {
  item: Item
  resolve: (result: Result) => void
  reject: (error: unknown) => void
}

/**
 * Combines calls that come while earlier ones are under way into one: a group commit. A lone call runs at the end of the current
 * turn of the event loop, without waiting for company, so it costs an idle server nothing; a busy one does more per run by itself.
 * It is not a queue: nothing outlives the process, and a call resolves only after its run has.
 */
export function createCombiner<Item, Result>(options: CombinerOptions<Item, Result>): (item: Item) => Promise<Result> {
  const { run, undone, max = 100, parallel = 2 } = options
  const waiting: Waiting<Item, Result>[] = []
  let active = 0
  let scheduled = false

  /** Does one run and answers how to tell its callers. */
  async function settled(batch: Waiting<Item, Result>[]): Promise<() => void> {
    try {
      const results = await run(batch.map(({ item }) => item))
      return () => {
        for (const [index, { resolve }] of batch.entries()) resolve(results[index] as Result)
      }
    } catch (error) {
      if (batch.length === 1 || !undone(error)) {
        return () => {
          for (const { reject } of batch) reject(error)
        }
      }
      for (const one of batch) (await settled([one]))()
      return () => {}
    }
  }

  async function lane(batch: Waiting<Item, Result>[]): Promise<void> {
    const tell = await settled(batch)
    active -= 1
    // The next run first: it is under way while those who waited for this one go on.
    start()
    tell()
  }

  function start(): void {
    scheduled = false
    while (active < parallel && waiting.length > 0) {
      active += 1
      void lane(waiting.splice(0, max))
    }
  }

  function schedule(): void {
    if (scheduled || active >= parallel || waiting.length === 0) return
    scheduled = true
    setImmediate(start)
  }

  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject })
      schedule()
    })
}
