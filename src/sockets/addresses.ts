import type { Connection } from './connection.ts'

/** Counts connections by address, signed in or not, so that nobody alone can take all places. `most` 0: without a limit. */
export function createAddresses(most: number) {
  const counts = new Map<string, number>()
  return {
    /** Takes a connection in; false when its address has too many. Pair with `leave`, whatever the answer. */
    enter({ address }: Connection): boolean {
      const count = (counts.get(address) ?? 0) + 1
      counts.set(address, count)
      return most === 0 || address === '' || count <= most
    },
    leave({ address }: Connection): void {
      const count = (counts.get(address) ?? 0) - 1
      if (count > 0) counts.set(address, count)
      else counts.delete(address)
    },
  }
}
