/** The part of a pino logger that the launcher uses. Lines never carry a password or SQL. */
export type EmbeddedLog = {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
}

/** Discards everything: the default where no logger exists yet. */
export const silent: EmbeddedLog = { debug() {}, info() {}, warn() {} }

/**
 * A reason why the embedded PostgreSQL cannot run that its operator can act upon. The message is a whole sentence to be shown as it is.
 * `busy` marks the one case where another living process holds the data directory.
 */
export class EmbeddedPostgresError extends Error {
  override name = 'EmbeddedPostgresError'
  readonly busy: boolean

  constructor(message: string, options: { busy?: boolean; cause?: unknown } = {}) {
    super(message, { cause: options.cause })
    this.busy = options.busy ?? false
  }
}

/** The operating system account PostgreSQL runs as. Undefined means: as this process does. */
export type OsAccount = { name: string; uid: number; gid: number }
