import { once } from 'node:events'
import { buffer } from 'node:stream/consumers'
import PostalMime, { type Email } from 'postal-mime'
import { SMTPServer } from 'smtp-server'
import type { Test } from 'tap'

/** A mail as the server took it. */
export interface ReceivedMail extends Email {
  envelope: { from: string; to: string[] }
}

/** What a mail server of the tests may do otherwise than usual. */
export interface SmtpServerOptions {
  /** Refuses: answers the SMTP code and text for a recipient, or undefined to take it. */
  refuse?: (recipient: string) => { code: number; message: string } | undefined
  /** Demands this login. */
  login?: { user: string; password: string }
}

const failure = ({ code, message }: { code: number; message: string }) =>
  Object.assign(new Error(message), { responseCode: code })

/** A real SMTP server on loopback, closed with the test. `next` waits for the next mail that nobody has looked at. */
export async function smtpServer(t: Test, { refuse, login }: SmtpServerOptions = {}) {
  const received: ReceivedMail[] = []
  const waiting: ((mail: ReceivedMail) => void)[] = []
  let looked = 0
  const server = new SMTPServer({
    authOptional: login === undefined,
    disabledCommands: ['STARTTLS', ...(login === undefined ? ['AUTH'] : [])],
    allowInsecureAuth: true,
    logger: false,
    onAuth({ username, password }, _session, done) {
      const fits = username === login?.user && password === login?.password
      done(fits ? null : new Error('wrong login'), fits ? { user: username } : undefined)
    },
    onRcptTo({ address }, _session, done) {
      const refusal = refuse?.(address)
      done(refusal === undefined ? null : failure(refusal))
    },
    onData(stream, { envelope }, done) {
      buffer(stream)
        .then((raw) => PostalMime.parse(raw))
        .then((mail) => {
          const from = envelope.mailFrom === false ? '' : envelope.mailFrom.address
          received.push({ ...mail, envelope: { from, to: envelope.rcptTo.map(({ address }) => address) } })
          done()
          if (waiting.length > 0) waiting.shift()?.(received[looked++] as ReceivedMail)
        }, done)
    },
  })
  const listener = server.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const close = () => new Promise<void>((resolve) => server.close(resolve))
  t.teardown(close)
  const { port } = listener.address() as { port: number }
  const user = login === undefined ? '' : `${encodeURIComponent(login.user)}:${encodeURIComponent(login.password)}@`
  return {
    url: `smtp://${user}127.0.0.1:${port}`,
    received,
    close,
    next: (): Promise<ReceivedMail> =>
      looked < received.length
        ? Promise.resolve(received[looked++] as ReceivedMail)
        : new Promise((resolve) => void waiting.push(resolve)),
  }
}

/** See {@link smtpServer}. */
export type TestSmtpServer = Awaited<ReturnType<typeof smtpServer>>

/** The token in the fragment of a mail's link. */
export function tokenIn(mail: Email): string {
  const token = /#(?:\S*&)?token=([\w.~-]+)/.exec(mail.text ?? '')?.[1]
  if (token === undefined) throw new Error(`no token in: ${mail.text}`)
  return token
}
