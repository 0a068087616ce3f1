/**
 * Notes which files were looked at while something was worked out, so that it can be told later whether a change of them matters. Notes of an inner
 * piece of work belong to the outer one too.
 */
export interface Reads {
  note: (path: string) => void
  /** Takes over what was noted for an answer that is remembered. */
  add: (paths: ReadonlySet<string>) => void
  /** Does a piece of work; what it looked at. */
  during: <T>(work: () => T) => { value: T; paths: ReadonlySet<string> }
}

/** Stands for all names of all files: whoever looks a name up by itself depends on each of them. */
export const ALL_NAMES = '*'

/** Stands for all names of the files of some languages that see each other's names. */
export const namesOf = (family: string) => `${ALL_NAMES}${family}`

/** Stands for one exported name of a file, whether or not there is such a one; '' for what each of its names depends on. */
export const nameIn = (path: string, name: string) => `${path}\0${name}`

/** See {@link Reads}. Outside of `during` nothing is noted. */
export function createReads(): Reads {
  const open: Set<string>[] = []
  const note = (path: string) => void open.at(-1)?.add(path)
  const add = (paths: ReadonlySet<string>) => {
    const current = open.at(-1)
    if (current) for (const path of paths) current.add(path)
  }
  return {
    note,
    add,
    during(work) {
      const paths = new Set<string>()
      open.push(paths)
      try {
        return { value: work(), paths }
      } finally {
        open.pop()
        add(paths)
      }
    },
  }
}

/** A map of files by path that notes which of them were asked for, found or not. */
export class NotedFiles<File> extends Map<string, File> {
  private readonly reads: Reads

  constructor(reads: Reads) {
    super()
    this.reads = reads
  }

  override get(path: string): File | undefined {
    this.reads.note(path)
    return super.get(path)
  }

  /** A file of which `name` alone matters to whoever asks. */
  getFor(path: string, name: string): File | undefined {
    const file = super.get(path)
    this.reads.note(file === undefined ? path : nameIn(path, name))
    return file
  }

  override has(path: string): boolean {
    return this.get(path) !== undefined
  }
}
