import type { Position } from '../contracts/events.ts'

/** Where a reader stands in each of its topics; undefined where it has not been told yet. */
export type Positions = Map<string, Position | undefined>

const PART = /^(?:-|([\w-]{1,64})\.(\d{1,16}))$/

/**
 * The positions as one event id of a stream, in the order of the topics: `<epoch>.<seq>,<epoch>.<seq>`. It names no topics: whoever comes
 * back with it asks for the same ones.
 */
export const encodePositions = (positions: Positions): string =>
  [...positions.values()].map((position) => (position ? `${position.epoch}.${position.seq}` : '-')).join(',')

/** Reads what {@link encodePositions} has written for these topics; undefined for anything else. */
export function decodePositions(id: string, topics: readonly string[]): Positions | undefined {
  const parts = id.split(',').map((part) => PART.exec(part))
  if (parts.length !== topics.length) return undefined
  const positions: Positions = new Map()
  for (const [index, topic] of topics.entries()) {
    const part = parts[index]
    if (!part) return undefined
    positions.set(topic, part[1] === undefined ? undefined : { epoch: part[1], seq: Number(part[2]) })
  }
  return positions
}
