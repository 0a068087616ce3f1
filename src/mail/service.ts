import { problem } from '../contracts/errors.ts'
import { type Mail, type Mailer, MailerError } from '../contracts/mailer.ts'
import type { Database } from '../db/database.ts'
import { SEALED } from '../db/sealed.ts'
import type { Tx } from '../db/transaction.ts'
import { newId } from '../lib/ids.ts'
import type { Letter } from '../lib/letter.ts'
import type { Sealer } from '../lib/seal.ts'

/** What mail needs from outside. */
export interface MailDeps {
  db: Database
  sealer: Sealer
  mailer: Mailer
}

/** A mail to queue: who gets it, and a letter (see lib/letter). */
export interface NewMail extends Letter {
  /** What it is about, such as `password.reset`: for counting, never for content. */
  kind: string
  to: string
  /**
   * Goes nowhere. Written for an address without an account, so that a stranger cannot tell the two apart by the time an answer takes.
   */
  void?: boolean
}

/** How long one worker may be at a mail before another takes it over: longer than any attempt lasts. */
const LEASE_SECONDS = 90
/** How long rows are kept: sent ones without their content, unsent ones with links that have long expired. */
const KEPT_DAYS = 7
const { purpose } = SEALED['mails.content']

/** Mail, queued in the transaction that gives the reason and sent by the job `mail.send`: retried until it is taken, and not sent twice. */
export function createMail({ db, sealer, mailer }: MailDeps) {
  async function claim(id: string): Promise<(Mail & { void?: boolean }) | undefined> {
    const [row] = await db.sql<{ content: string }[]>`
      update mails set lease_until = now() + make_interval(secs => ${LEASE_SECONDS})
      where id = ${id} and sent_at is null and content is not null and (lease_until is null or lease_until < now())
      returning content`
    return row && { id, ...(JSON.parse(sealer.open(row.content, purpose(id))) as Omit<Mail, 'id'>) }
  }

  const release = (id: string) => db.sql`update mails set lease_until = null where id = ${id}`

  async function isOpen(id: string): Promise<boolean> {
    const rows = await db.sql`select 1 from mails where id = ${id} and sent_at is null`
    return rows.length > 0
  }

  return {
    /** Queues a mail: it goes out if the transaction is committed, and only then. Answers its id. */
    async queue(tx: Tx, { kind, ...content }: NewMail): Promise<string> {
      const id = newId()
      const sealed = sealer.seal(JSON.stringify(content), purpose(id))
      await tx.sql`insert into mails (id, kind, content) values (${id}, ${kind}, ${sealed})`
      await tx.job({ name: 'mail.send', data: { mailId: id }, userId: null })
      return id
    },

    /**
     * Sends a queued mail, once: done at once for one that was sent already.
     * @throws UNPROCESSABLE when it was refused for good; other errors mean: try again
     */
    async deliver(id: string): Promise<void> {
      const mail = await claim(id)
      if (mail === undefined) {
        if (await isOpen(id)) throw new Error('another worker is sending this mail')
        return
      }
      try {
        if (mail.void !== true) await mailer.send(mail)
      } catch (cause) {
        await release(id)
        const final = cause instanceof MailerError && cause.permanent
        throw final ? problem('UNPROCESSABLE', { detail: 'The mail was refused', cause }) : cause
      }
      await db.sql`update mails set sent_at = now(), content = null, lease_until = null where id = ${id}`
    },

    /** Deletes what is older than a week. */
    async sweep(): Promise<void> {
      await db.sql`delete from mails where created_at < now() - make_interval(days => ${KEPT_DAYS})`
    },
  }
}

/** See {@link createMail}. */
export type MailService = ReturnType<typeof createMail>
