import type { Readable } from 'node:stream'
import type { Actor } from './policy.ts'

/** What a file is for, coarsely: what the rest of the server does with it follows from this. */
export const CONTENT_KINDS = ['code', 'document', 'text', 'image', 'video', 'audio', 'archive', 'other'] as const
/** See {@link CONTENT_KINDS}. */
export type ContentKind = (typeof CONTENT_KINDS)[number]

/**
 * What is known of viruses in a file. `unscanned` is the honest state where no scanner is configured: it is served, and
 * says so. `pending` waits for a scanner, `infected` is in quarantine, `failed` could not be scanned: none of these three is served.
 */
export const SCAN_STATES = ['unscanned', 'pending', 'clean', 'infected', 'failed'] as const
/** See {@link SCAN_STATES}. */
export type ScanState = (typeof SCAN_STATES)[number]

/** Whether a file in this state may be read by users and jobs. */
export const isServed = (scan: ScanState): boolean => scan === 'unscanned' || scan === 'clean'

/** An uploaded file as other features see it. */
export interface UploadFile {
  id: string
  workspaceId: string
  name: string
  /** Bytes. */
  size: number
  contentType: string
  kind: ContentKind
  /** SHA-256 of the content, hexadecimal. */
  sha256: string
  scan: ScanState
}

/** How other features (messages, graph, assistant) reach uploaded files. */
export interface UploadReader {
  /**
   * The files with these ids, in their order, if the actor may read every one of them and all are in the given workspace.
   * @throws NOT_FOUND naming the first id that is not there for the actor; UNPROCESSABLE for one that is in quarantine
   */
  resolve(actor: Actor, ids: readonly string[], workspaceId?: string): Promise<UploadFile[]>
  /**
   * The content of a file. Checks no rights: it is for whoever has resolved the file, and for jobs.
   * @throws NOT_FOUND when it has been deleted, UNPROCESSABLE in quarantine
   */
  read(id: string): Promise<Readable>
}
