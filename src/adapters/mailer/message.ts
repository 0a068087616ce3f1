import type { SendMailOptions } from 'nodemailer'
import { type Mail, MailerError } from '../../contracts/mailer.ts'

/** What an address is made of here: exactly one, nothing that could be read as a header, a name or a list (RFC 5321 section 4.1.2, the usual part). */
const ADDRESS = /^[^\s@<>,;:"\\]{1,64}@[^\s@<>,;:"\\]{1,253}$/
const addressOf = (from: string) => /<([^<>]+)>\s*$/.exec(from)?.[1] ?? from

/**
 * The mail as nodemailer takes it. Its Message-ID comes from its id, and it says that no person wrote it (RFC 3834), so that
 * no absence note answers.
 * @throws {MailerError} permanent, for what is no single address
 */
export function messageOf({ id, to, subject, text, html }: Mail, from: string): SendMailOptions {
  if (!ADDRESS.test(to)) throw new MailerError('the recipient is not one address', { permanent: true })
  const domain = addressOf(from).split('@')[1] ?? 'localhost'
  return {
    messageId: `<${id}@${domain}>`,
    from,
    to: { name: '', address: to },
    subject,
    text,
    html,
    headers: { 'Auto-Submitted': 'auto-generated' },
  }
}
