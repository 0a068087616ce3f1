import type { Resolution } from '../types.ts'
import type { OwnPackage } from './packages.ts'

/** Registries and standard libraries that external packages come from; part of their keys (`npm:react`, `go:fmt`). */
export type Ecosystem =
  | 'npm'
  | 'node'
  | 'pypi'
  | 'python'
  | 'go'
  | 'gomod'
  | 'java'
  | 'maven'
  | 'rust'
  | 'crates'
  | 'dotnet'
  | 'nuget'
  | 'packagist'
  | 'ruby'
  | 'gem'
  | 'system'

/** Where a module request leads. */
export type Resolved =
  /** `runs`: the file that is loaded where `path` are its declarations: names are looked for there. */
  | { to: 'file'; path: string; resolution: Resolution; runs?: string }
  /** A package of several files, which are imported as far as names of them are used. */
  | { to: 'files'; folder: string | undefined; paths: string[]; resolution: Resolution }
  | { to: 'own'; package: OwnPackage; resolution: Resolution }
  | { to: 'external'; ecosystem: Ecosystem; name: string; resolution: Resolution }
  | { to: 'unresolved'; name: string }
