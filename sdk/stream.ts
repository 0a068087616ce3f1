/** An async iterator that somebody else fills: `push` values, then `end` or `fail`. For one reader. */
export type Stream<T> = AsyncIterableIterator<T> & {
  push(value: T): void
  end(): void
  fail(error: unknown): void
}

/** Makes a Stream; `onReturn` runs when the reader leaves its loop before the end. Values wait without bound until they are read. */
export function createStream<T>(onReturn?: () => void): Stream<T> {
  const values: T[] = []
  const readers: { resolve(result: IteratorResult<T>): void; reject(error: unknown): void }[] = []
  let ended = false
  let failure: { error: unknown } | undefined

  const finish = () => {
    ended = true
    for (const reader of readers.splice(0)) {
      if (failure) reader.reject(failure.error)
      else reader.resolve({ value: undefined, done: true })
    }
  }

  return {
    push(value) {
      if (ended) return
      const reader = readers.shift()
      if (reader) reader.resolve({ value, done: false })
      else values.push(value)
    },
    end() {
      if (!ended) finish()
    },
    fail(error) {
      if (ended) return
      failure = { error }
      finish()
    },
    next() {
      if (values.length > 0) return Promise.resolve({ value: values.shift() as T, done: false })
      if (failure) return Promise.reject(failure.error)
      if (ended) return Promise.resolve({ value: undefined, done: true })
      return new Promise((resolve, reject) => readers.push({ resolve, reject }))
    },
    return() {
      values.length = 0
      finish()
      onReturn?.()
      return Promise.resolve({ value: undefined, done: true })
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}
