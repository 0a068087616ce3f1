import { ALL_NAMES, nameIn } from '../link/reads.ts'

/**
 * What the links of a file depend on, as it is kept: files by their places in the list of all files, alone or with the names that matter; what stands
 * for all names as it is.
 */
export type Noted = number | [place: number, ...names: string[]] | string

/** Packs what was noted. Files that are not there any more depend on nothing: with them everything is linked again. */
export function encodeReads(noted: Iterable<string>, places: ReadonlyMap<string, number>): Noted[] {
  const list: Noted[] = []
  const byPlace = new Map<number, [place: number, ...names: string[]]>()
  for (const one of noted) {
    const end = one.indexOf('\0')
    const place = places.get(end < 0 ? one : one.slice(0, end))
    if (one.startsWith(ALL_NAMES)) list.push(one)
    else if (place === undefined) continue
    else if (end < 0) list.push(place)
    else {
      const names = byPlace.get(place)
      if (names) names.push(one.slice(end + 1))
      else byPlace.set(place, [place, one.slice(end + 1)])
    }
  }
  return [...list, ...byPlace.values()]
}

/** The way back from {@link encodeReads}. */
export function* decodeReads(list: readonly Noted[], paths: readonly string[]): Iterable<string> {
  for (const one of list) {
    if (typeof one === 'string') yield one
    else if (typeof one === 'number') yield paths[one] ?? ALL_NAMES
    else for (const name of one.slice(1)) yield nameIn(paths[one[0]] ?? '', name as string)
  }
}
