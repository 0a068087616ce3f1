import { ConfigError } from '../config/load.ts'
import { EmbeddedPostgresError } from '../db/embedded/index.ts'
import { NewerSchemaError } from '../db/migrate.ts'

/** Exit codes of the process, after sysexits.h where it has one. */
export const EXIT = {
  ok: 0,
  /** Anything unforeseen, and a shutdown that had to be cut short. */
  failed: 1,
  /** The command line is wrong. */
  usage: 64,
  /** Something outside is missing or taken: the port, the data directory, the database. */
  unavailable: 69,
  /** The configuration, or a database that this build must not touch. */
  config: 78,
} as const

/** A failure that its operator can act upon: the message is shown as it is, without a stack. */
export class OperatorError extends Error {
  override readonly name = 'OperatorError'
  readonly code: number

  constructor(message: string, code: number = EXIT.unavailable, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** What to print and with which code to exit for a failure at start: a sentence where one is known, else the stack. */
export function explain(error: unknown): { text: string; code: number } {
  if (error instanceof OperatorError) return { text: error.message, code: error.code }
  if (error instanceof ConfigError) return { text: error.message, code: EXIT.config }
  if (error instanceof NewerSchemaError) return { text: error.message, code: EXIT.config }
  if (error instanceof EmbeddedPostgresError) return { text: error.message, code: EXIT.unavailable }
  return { text: error instanceof Error ? (error.stack ?? error.message) : String(error), code: EXIT.failed }
}
