/** What watched topics need. */
export interface WatchedOptions {
  /** Compares topics with the log. */
  reconcile: (topics: readonly string[]) => Promise<void>
  onError: (error: unknown) => void
}

/** Between two looks, ms: what many commits have in common is looked at once. */
const PAUSE_MS = 20

const kindOf = (topic: string) => topic.slice(0, topic.indexOf(':'))

/**
 * Topics whose events the database itself writes, so that no process knows of them when it commits. Whoever follows them here has them looked
 * at after each commit that this instance hears of, its own or another's, and each second; an instance that follows none pays nothing.
 */
export function createWatched({ reconcile, onError }: WatchedOptions) {
  const kinds = new Map<string, (id: string) => Promise<void>>()
  const topics = new Set<string>()
  let looking = false
  let again = false

  function look(): void {
    if (topics.size === 0) return
    again = looking
    if (looking) return
    looking = true
    reconcile([...topics])
      .catch(onError)
      .finally(() => setTimeout(rest, PAUSE_MS).unref())
  }

  function rest(): void {
    looking = false
    if (again) look()
  }

  return {
    /** Declares a kind of topics. `open` is awaited before the first subscriber of an instance is told where such a topic stands. */
    watch: (kind: string, open: (id: string) => Promise<void>) => void kinds.set(kind, open),
    async enter(topic: string): Promise<void> {
      const open = kinds.get(kindOf(topic))
      if (!open) return
      await open(topic.slice(topic.indexOf(':') + 1))
      topics.add(topic)
    },
    leave: (topic: string) => void topics.delete(topic),
    /** Something was committed somewhere. */
    look,
  }
}
