type Listener<T> = (value: T) => void

/**
 * A small typed event emitter. Listeners run in the order they were added; one that throws does not keep the others from running
 * (its error is re-thrown in a task of its own, so that it is seen).
 */
export function createEmitter<Events extends object>() {
  const listeners = new Map<keyof Events, Set<Listener<never>>>()
  return {
    /** Adds a listener; the returned function takes it off again. */
    on<K extends keyof Events>(name: K, listener: Listener<Events[K]>): () => void {
      const set = listeners.get(name) ?? new Set()
      listeners.set(name, set)
      set.add(listener as Listener<never>)
      return () => {
        set.delete(listener as Listener<never>)
      }
    },
    emit<K extends keyof Events>(name: K, value: Events[K]): void {
      for (const listener of [...(listeners.get(name) ?? [])]) {
        try {
          ;(listener as Listener<Events[K]>)(value)
        } catch (error) {
          queueMicrotask(() => {
            throw error
          })
        }
      }
    },
    clear(): void {
      listeners.clear()
    },
  }
}

/** What createEmitter returns. */
export type Emitter<Events extends object> = ReturnType<typeof createEmitter<Events>>
