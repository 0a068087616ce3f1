/**
 * Collects the keys that are asked for in one turn and loads them together, so that a list of n records costs one query and not n. Answers are kept for the
 * life of the loader: one request.
 */
export function createLoader<Key, Value>(
  loadAll: (keys: Key[]) => Promise<Map<Key, Value>>,
): (key: Key) => Promise<Value | undefined> {
  const known = new Map<Key, Promise<Value | undefined>>()
  let waiting: Key[] = []
  let batch: Promise<Map<Key, Value>> | undefined
  return (key) => {
    const answer = known.get(key)
    if (answer) return answer
    waiting.push(key)
    batch ??= new Promise((resolve, reject) => {
      setImmediate(() => {
        const keys = waiting
        waiting = []
        batch = undefined
        loadAll(keys).then(resolve, reject)
      })
    })
    const promise = batch.then((values) => values.get(key))
    known.set(key, promise)
    return promise
  }
}
