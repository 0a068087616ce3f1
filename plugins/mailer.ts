import { join } from 'node:path'
import fp from 'fastify-plugin'
import { createOutboxMailer } from '../src/adapters/mailer/outbox.ts'
import { createSmtpMailer } from '../src/adapters/mailer/smtp.ts'
import { createMail, type MailService } from '../src/mail/service.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Queues mails: `app.mail.queue(tx, { kind, to, ...letter(...) })`. */
    mail: MailService
  }
}

/** How long an answer of the mail server is believed by /health, ms: it is not asked for each scrape. */
const BELIEVED_MS = 30_000

/** Mail as `app.mail`: by SMTP_URL, or into DATA_DIR/outbox without one. It is sent by the job `mail.send` (plugins/mail-jobs.ts). */
export default fp(
  async (app) => {
    const { SMTP_URL, MAIL_FROM, DATA_DIR, NODE_ENV } = app.config
    // Where people develop, the link is told. Elsewhere a log that holds tokens would be a leak.
    const tellsLinks = NODE_ENV === 'development' || NODE_ENV === 'test'
    const mailer =
      SMTP_URL === undefined
        ? createOutboxMailer({
            dir: join(DATA_DIR, 'outbox'),
            from: MAIL_FROM,
            onWritten: ({ path, to, subject, link }) =>
              app.log.info(tellsLinks ? { path, to, subject, link } : { path }, 'mail written to the outbox'),
          })
        : createSmtpMailer({ url: SMTP_URL, from: MAIL_FROM })
    app.decorate('mail', createMail({ db: app.db, sealer: app.sealer, mailer }))

    let pinged = { at: 0, ok: Promise.resolve(true) }
    app.health.add(
      'mail',
      async () => {
        if (Date.now() - pinged.at > BELIEVED_MS) pinged = { at: Date.now(), ok: mailer.ping() }
        return { status: (await pinged.ok) ? 'ok' : 'down', backend: mailer.backend }
      },
      false,
    )
    app.addHook('onClose', () => mailer.close())
  },
  { name: 'mailer', dependencies: ['config', 'lifecycle', 'db', 'sealer'] },
)
