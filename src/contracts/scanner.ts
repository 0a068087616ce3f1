import type { Readable } from 'node:stream'

/** What a scanner found. `failed` is an answer too: it has looked, and cannot tell. */
export type ScanResult =
  | { verdict: 'clean' }
  | { verdict: 'infected'; signature: string }
  | { verdict: 'failed'; reason: string }

/** The scanner port: looks for malware in content. It keeps nothing and knows nothing of files, names or users. */
export interface Scanner {
  /**
   * Reads the content to its end, in bounded memory, and says what it found. The content is always consumed or destroyed.
   * @throws {ScannerError} when the scanner cannot be reached or goes silent: nothing is known then
   */
  scan(content: Readable): Promise<ScanResult>
  /** Whether it answers now. Never throws. */
  ping(): Promise<boolean>
}

/** The scanner did not do its work; the message is for logs. */
export class ScannerError extends Error {
  override readonly name = 'ScannerError'
}
