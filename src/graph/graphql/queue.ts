/** An async iterator that is fed by hand. */
export interface Queue<Item> extends AsyncIterableIterator<Item> {
  return(): Promise<IteratorResult<Item>>
  push(item: Item): void
  /** What is in it is still given out; then it is over. */
  end(): void
}

/**
 * Makes a queue of at most `most` items; one more calls `onOverflow` and is dropped. `onReturn` is called once, when nobody reads on. Not an async
 * generator: its `return()` would wait for the item after the last one.
 */
export function createQueue<Item>(most: number, onOverflow: () => void, onReturn: () => void): Queue<Item> {
  const items: Item[] = []
  let waiting: ((result: IteratorResult<Item>) => void) | undefined
  let over = false
  let returned = false

  const done = { value: undefined, done: true } as const
  function finish(): void {
    over = true
    waiting?.(done)
    waiting = undefined
  }
  function leave(): void {
    if (returned) return
    returned = true
    onReturn()
  }

  return {
    push(item) {
      if (over) return
      if (waiting) {
        waiting({ value: item, done: false })
        waiting = undefined
      } else if (items.length < most) items.push(item)
      else onOverflow()
    },
    end: finish,
    async next() {
      const item = items.shift()
      if (item !== undefined) return { value: item, done: false }
      if (over) {
        leave()
        return done
      }
      return new Promise((resolve) => {
        waiting = resolve
      })
    },
    async return() {
      items.length = 0
      finish()
      leave()
      return done
    },
    async throw(error) {
      items.length = 0
      finish()
      leave()
      throw error
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}
