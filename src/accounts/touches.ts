/** Sessions that are remembered between two flushes at most; further ones are noted the next time they are used. */
const MAX_NOTED = 50_000

/** Collects when sessions were last used, so that reading costs no writing: whoever owns it flushes now and then, one statement for all. */
export function createTouches(write: (seen: ReadonlyMap<string, number>) => PromiseLike<unknown>) {
  let seen = new Map<string, number>()
  return {
    note(sessionId: string): void {
      if (seen.size < MAX_NOTED || seen.has(sessionId)) seen.set(sessionId, Date.now())
    },
    async flush(): Promise<void> {
      if (seen.size === 0) return
      const batch = seen
      seen = new Map()
      await write(batch)
    },
  }
}
