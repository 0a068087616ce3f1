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

/**
 * Files to link again after some have changed: those themselves, and whoever looked at one whose interface is another now.
 * @param touched files with another interface
 */
export function dependents(
  state: LoadedState,
  changed: ReadonlySet<string>,
  touched: ReadonlySet<string>,
): Set<string> {
  const again = new Set(changed)
  if (touched.size === 0) return again
  const places = new Set([-1])
  for (const [place, { path }] of state.files.entries()) if (touched.has(path)) places.add(place)
  for (const { path, reads } of state.files) if (reads.some((place) => places.has(place))) again.add(path)
  return again
}
