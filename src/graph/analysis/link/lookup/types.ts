import type { Resolved } from '../../resolve/resolved.ts'
import type { ImportFact } from '../../types.ts'
import type { LinkedFile } from '../context.ts'
import type { Found } from '../members.ts'

/** What a dotted name led to, and how many of its parts were used up. */
export interface Hit {
  found: Found
  used: number
}

/** How one language (or family) finds what a file does not declare itself. */
export interface LanguageLookup {
  /** Where an import leads. */
  resolve: (fact: ImportFact, file: LinkedFile) => Resolved
  /** Names of members need no `this` (Java, C#, C++, Ruby). */
  implicitSelf: boolean
  /** What a dotted name stands for by what the functions round a use import: asked before all else. */
  inner?: (file: LinkedFile, path: string[], from: number) => Hit | undefined
  /** What a dotted name stands for by imports and packages. `around` are the names of the enclosing namespaces and classes. */
  outer: (file: LinkedFile, path: string[], around: string[]) => Hit | undefined
}
