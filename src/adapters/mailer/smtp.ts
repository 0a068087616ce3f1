import type { Transporter } from 'nodemailer'
import { type Mail, type Mailer, MailerError } from '../../contracts/mailer.ts'
import { withDeadline } from '../../lib/deadline.ts'
import { messageOf } from './message.ts'

/** How mails reach the mail server. */
export interface SmtpOptions {
  /** `smtp://user:password@host:587` (STARTTLS where offered; `?requireTLS=true` insists) or `smtps://...:465`. */
  url: string
  /** Sender: `Parley <parley@example.com>`. */
  from: string
  /** Longest silence of the server in ms. @defaultValue 20 s */
  timeoutMs?: number
}

const PING_MS = 5_000
/** The commands whose 5xx answer is about this mail or this address, and will be the same next time (RFC 5321 section 4.2.1). */
const ABOUT_THE_MAIL = new Set(['EENVELOPE', 'EMESSAGE'])

/** Sends by SMTP, over two connections at most that are kept open for a while. */
export function createSmtpMailer({ url, from, timeoutMs = 20_000 }: SmtpOptions): Mailer {
  let connected: Promise<Transporter> | undefined

  async function connect(): Promise<Transporter> {
    const { createTransport } = await import('nodemailer')
    return createTransport({
      url,
      pool: true,
      maxConnections: 2,
      idleTimeout: 30_000,
      connectionTimeout: timeoutMs,
      greetingTimeout: timeoutMs,
      socketTimeout: timeoutMs,
      dnsTimeout: timeoutMs,
      disableFileAccess: true,
      disableUrlAccess: true,
    })
  }
  /** Loaded with the first mail. */
  const transport = () => {
    connected ??= connect()
    return connected
  }

  return {
    backend: 'smtp',
    async send(mail: Mail) {
      const message = messageOf(mail, from)
      try {
        await (await transport()).sendMail(message)
      } catch (cause) {
        const { code = 'ESMTP', responseCode } = cause as { code?: string; responseCode?: number }
        const permanent = ABOUT_THE_MAIL.has(code) && (responseCode === undefined || responseCode >= 500)
        const answer = responseCode === undefined ? '' : `, answer ${responseCode}`
        throw new MailerError(`the mail server did not take the mail (${code}${answer})`, { permanent, cause })
      }
    },
    ping: () =>
      withDeadline(
        transport().then((one) => one.verify()),
        PING_MS,
        'the mail server is silent',
      ).then(Boolean, () => false),
    async close() {
      if (connected !== undefined) (await connected).close()
    },
  }
}
