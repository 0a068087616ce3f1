import { readFileSync, writeFileSync } from 'node:fs'
import type { FileFacts, Note } from '../types.ts'
import { analyserVersion } from './fingerprint.ts'
import type { Noted } from './noted.ts'

/** What is known of one file since the last analysis. */
export interface FileState {
  path: string
  size: number
  hash: string | undefined
  language: string | undefined
  lines: number
  notes: Note[]
  /** What its links depend on. */
  reads: Noted[]
  passages: number
  unresolved: number
  /** Where its facts stand in the body, bytes; length 0 for a file without facts. */
  at: number
  length: number
}

/** All that an analysis leaves to the next one of the same source. */
export interface State {
  version: string
  /** Which analysis it belongs to. */
  revisionId: string
  name: string
  maxFileBytes: number
  ignored: [folder: string, files: number][]
  /** Files whose text decides how others are resolved: package.json, tsconfig.json and the like. */
  manifests: string[]
  files: FileState[]
}

/** A state as it was read: facts are taken out one by one. */
export interface LoadedState extends State {
  byPath: Map<string, FileState>
  /** The stored facts of a file, as bytes. */
  body: (file: FileState) => Buffer
}

const HEADER = 8

/** Facts as they are stored. Passages are kept in the database alone. */
export const encodeFacts = (facts: FileFacts | undefined): Buffer =>
  facts === undefined ? Buffer.alloc(0) : Buffer.from(JSON.stringify({ ...facts, passages: [] }))

/** The way back from {@link encodeFacts}. */
export const decodeFacts = (body: Buffer): FileFacts => JSON.parse(body.toString('utf8')) as FileFacts

/** Writes a state: length of the head, the head as JSON, the facts one after the other. */
export function saveState(path: string, state: State, bodies: readonly Buffer[]): void {
  let at = 0
  for (const [index, file] of state.files.entries()) {
    file.at = at
    file.length = bodies[index]?.length ?? 0
    at += file.length
  }
  const head = Buffer.from(JSON.stringify(state))
  const length = Buffer.alloc(HEADER)
  length.writeBigUInt64BE(BigInt(head.length))
  writeFileSync(path, Buffer.concat([length, head, ...bodies]), { mode: 0o600 })
}

/** Reads the state that belongs to a revision; undefined where there is none, or one that this analyser cannot use. */
export function loadState(path: string, revisionId: string): LoadedState | undefined {
  try {
    const bytes = readFileSync(path)
    const start = HEADER + Number(bytes.readBigUInt64BE())
    const state = JSON.parse(bytes.toString('utf8', HEADER, start)) as State
    if (state.version !== analyserVersion() || state.revisionId !== revisionId) return undefined
    const byPath = new Map(state.files.map((file) => [file.path, file]))
    const body = (file: FileState) => bytes.subarray(start + file.at, start + file.at + file.length)
    return { ...state, byPath, body }
  } catch {
    return undefined
  }
}
