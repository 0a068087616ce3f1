import { nameFamily } from '../link/lookup/index.ts'
import { ALL_NAMES, namesOf } from '../link/reads.ts'
import type { FileFacts } from '../types.ts'
import { changedNames, interfaceOf } from './faces.ts'
import type { Noted } from './noted.ts'
import type { LoadedState } from './state.ts'

/** A file as it lies there now. */
export interface CurrentFile {
  path: string
  size: number
  hash: string | undefined
}

/** How the files differ from those of the state. */
export interface Changes {
  /** Files to read: new ones, and those with another content. */
  changed: Set<string>
  /** Files that are no longer there. */
  gone: string[]
  /** Whether something changed that resolution rests on: then every file is linked again. */
  whole: boolean
}

/** Compares files with a state. */
export function compare(
  state: LoadedState | undefined,
  current: readonly CurrentFile[],
  about: { name: string; maxFileBytes: number; ignored: ReadonlyMap<string, number> },
): Changes {
  if (state === undefined) return { changed: new Set(current.map(({ path }) => path)), gone: [], whole: true }
  const changed = new Set<string>()
  for (const { path, size, hash } of current) {
    const known = state.byPath.get(path)
    if (known === undefined || known.size !== size || known.hash !== hash || isUnreadable(known.notes))
      changed.add(path)
  }
  const paths = new Set(current.map(({ path }) => path))
  const gone = state.files.filter(({ path }) => !paths.has(path)).map(({ path }) => path)
  const added = [...changed].some((path) => !state.byPath.has(path))
  const sameFrame =
    state.name === about.name &&
    state.maxFileBytes === about.maxFileBytes &&
    JSON.stringify(state.ignored) === JSON.stringify([...about.ignored])
  const whole = !sameFrame || added || gone.length > 0 || state.manifests.some((path) => changed.has(path))
  return { changed, gone, whole }
}

const isUnreadable = (notes: readonly { code: string }[]) => notes.some(({ code }) => code === 'unreadable')

/** What others can see of a file, and is another now. */
export interface Touched {
  /** Exported names; undefined for all. */
  names: Set<string> | undefined
  /** The languages that share names with it, before and now. */
  families: string[]
}

/** Compares two versions of a file as others see them; undefined where they cannot tell one from the other. */
export function compareFaces(before: FileFacts | undefined, after: FileFacts | undefined): Touched | undefined {
  if (interfaceOf(before) === interfaceOf(after)) return undefined
  const families = [before, after].flatMap((facts) => nameFamily(facts?.language) ?? [])
  return { names: changedNames(before, after), families }
}

/** Files to link again after some have changed: those themselves, and whoever looked at something in one that is another now. */
export function dependents(
  state: LoadedState,
  changed: ReadonlySet<string>,
  touched: ReadonlyMap<string, Touched>,
): Set<string> {
  const again = new Set(changed)
  if (touched.size === 0) return again
  const byPlace = state.files.map(({ path }) => touched.get(path))
  const everywhere = new Set([ALL_NAMES])
  for (const { families } of touched.values()) for (const family of families) everywhere.add(namesOf(family))
  const isTouched = (one: Noted) => {
    if (typeof one === 'string') return everywhere.has(one)
    if (typeof one === 'number') return byPlace[one] !== undefined
    const [place, ...names] = one
    const by = byPlace[place]
    return by !== undefined && (by.names === undefined || names.some((name) => by.names?.has(name)))
  }
  for (const { path, reads } of state.files) if (reads.some(isTouched)) again.add(path)
  return again
}
