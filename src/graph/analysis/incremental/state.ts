import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'
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

const TRAILER = 8

/** Facts as they are stored. Passages are kept in the database alone. */
export const encodeFacts = (facts: FileFacts | undefined): Buffer =>
  facts === undefined ? Buffer.alloc(0) : Buffer.from(JSON.stringify({ ...facts, passages: [] }))

/** The way back from {@link encodeFacts}. */
export const decodeFacts = (body: Buffer): FileFacts => JSON.parse(body.toString('utf8')) as FileFacts

/** Writes a state: the facts one after the other, the head as JSON, and where it begins. Of the facts one at a time is in memory. */
export function saveState(path: string, state: State, bodies: Iterable<Buffer>): void {
  const file = openSync(path, 'w', 0o600)
  try {
    let at = 0
    let index = 0
    for (const body of bodies) {
      Object.assign(state.files[index++] as FileState, { at, length: body.length })
      if (body.length > 0) writeSync(file, body)
      at += body.length
    }
    const head = Buffer.from(JSON.stringify(state))
    const trailer = Buffer.alloc(TRAILER)
    trailer.writeBigUInt64BE(BigInt(at))
    writeSync(file, Buffer.concat([head, trailer]))
  } finally {
    closeSync(file)
  }
}

/** Reads the state that belongs to a revision; undefined where there is none, or one that this analyser cannot use. */
export function loadState(path: string, revisionId: string): LoadedState | undefined {
  try {
    const bytes = readFileSync(path)
    const end = bytes.length - TRAILER
    const state = JSON.parse(bytes.toString('utf8', Number(bytes.readBigUInt64BE(end)), end)) as State
    if (state.version !== analyserVersion() || state.revisionId !== revisionId) return undefined
    const byPath = new Map(state.files.map((file) => [file.path, file]))
    const body = (file: FileState) => bytes.subarray(file.at, file.at + file.length)
    return { ...state, byPath, body }
  } catch {
    return undefined
  }
}
