import { access, constants, mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Mail, type Mailer, MailerError } from '../../contracts/mailer.ts'
import { messageOf } from './message.ts'

/** Where mails are put. */
export interface OutboxOptions {
  /** Folder, made with mode 0700. */
  dir: string
  /** Sender: `Parley <parley@example.com>`. */
  from: string
  /** Told of each mail that was written. */
  onWritten?: (written: { path: string; to: string; subject: string; link: string | undefined }) => void
}

/** Writes each mail as `<id>.eml` (mode 0600) into a folder instead of sending it: for development, and for servers that have no mail. */
export function createOutboxMailer({ dir, from, onWritten }: OutboxOptions): Mailer {
  const compose = async () =>
    (await import('nodemailer')).createTransport({ streamTransport: true, buffer: true, newline: 'windows' })
  /** Made with the first mail, which loads the library. */
  let composer: ReturnType<typeof compose> | undefined

  async function write(mail: Mail): Promise<string> {
    composer ??= compose()
    const { message } = await (await composer).sendMail(messageOf(mail, from))
    const path = join(dir, `${mail.id}.eml`)
    await mkdir(dir, { recursive: true, mode: 0o700 })
    await writeFile(`${path}.tmp`, message as Buffer, { mode: 0o600 })
    await rename(`${path}.tmp`, path)
    return path
  }

  return {
    backend: 'outbox',
    async send(mail) {
      try {
        const path = await write(mail)
        const { to, subject, link } = mail
        onWritten?.({ path, to, subject, link })
      } catch (cause) {
        if (cause instanceof MailerError) throw cause
        throw new MailerError('the mail could not be written', { permanent: false, cause })
      }
    },
    ping: () =>
      mkdir(dir, { recursive: true, mode: 0o700 })
        .then(() => access(dir, constants.W_OK))
        .then(
          () => true,
          () => false,
        ),
    close: async () => {},
  }
}
