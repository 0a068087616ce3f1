/** A mail to one person, ready to go. */
export interface Mail {
  /** Becomes its Message-ID: the same mail sent twice (a crash at the wrong moment) is one to whoever receives it. */
  id: string
  /** One address, `ada@example.com`. */
  to: string
  subject: string
  text: string
  html: string
  /** The link it is about, for whoever develops without a mail server. */
  link?: string | undefined
}

/**
 * The mailer port: hands a mail to whoever delivers it. It keeps no queue and tries once; the job `mail.send` retries. It writes no
 * template and logs nothing: a mail may hold a token.
 */
export interface Mailer {
  /** `smtp` or `outbox`; for logs and health. */
  readonly backend: 'smtp' | 'outbox'
  /**
   * Hands over a mail; resolves once the other side has taken the responsibility for it.
   * @throws {MailerError}
   */
  send(mail: Mail): Promise<void>
  /** Whether it would take a mail now. Never throws; gives up after a few seconds. */
  ping(): Promise<boolean>
  close(): Promise<void>
}

/** A mail was not taken. The message is for logs and holds nothing of the mail's body. */
export class MailerError extends Error {
  override readonly name = 'MailerError'
  /** Whether trying again is useless: the address or the mail itself was refused. */
  readonly permanent: boolean
  constructor(message: string, options: { permanent: boolean; cause?: unknown }) {
    super(message, { cause: options.cause })
    this.permanent = options.permanent
  }
}
