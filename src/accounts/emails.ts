import type { Origin } from '../contracts/audit.ts'
import { problem } from '../contracts/errors.ts'
import type { Actor } from '../contracts/policy.ts'
import { audit } from '../db/audit.ts'
import type { Database } from '../db/database.ts'
import type { Tx } from '../db/transaction.ts'
import type { Letter } from '../lib/letter.ts'
import type { Letters } from './letters.ts'
import type { ChangeEmailBody } from './model-recovery.ts'
import type { CreateAccount } from './new-account.ts'
import type { OneTimeTokens, TokenMeaning, TokenPurpose } from './one-time-tokens.ts'
import { recoveryRepository as repository } from './recovery-repository.ts'

/** A mail to queue. `void`: goes nowhere, see the mail service. */
export type QueueMail = (tx: Tx, mail: Letter & { kind: string; to: string; void?: boolean }) => Promise<unknown>

/** What emails need from outside. */
export interface EmailsDeps {
  db: Database
  tokens: OneTimeTokens
  queueMail: QueueMail
  letters: Letters
  createAccount: CreateAccount
  /** @throws INVALID_CREDENTIALS when it is not the password of the account */
  demandPassword: (userId: string, password: string, origin: Origin) => Promise<void>
}

/** An account that waits for its email to be confirmed. */
export interface PendingAccount {
  email: string
  name?: string | undefined
  passwordHash: string
}

const CONFIRMING = ['account.register', 'email.verify', 'email.change'] as const

/**
 * Proof that an email is its owner's. A stranger learns nothing of who has an account: whatever address is named, the same is written and
 * answered, and the mail tells the rest.
 */
export function createEmails({ db, tokens, queueMail, letters, createAccount, demandPassword }: EmailsDeps) {
  /** Writes a token and its mail; neither goes anywhere unless `wanted` and unless the address had enough mails already. */
  async function sendToken(
    tx: Tx,
    token: { purpose: TokenPurpose; email: string; userId: string | null; data: object },
    letterOf: (token: string) => Letter,
    wanted: boolean,
  ): Promise<void> {
    const { purpose, email, userId } = token
    const mailed = (await tokens.mayMail(tx, purpose, email)) && wanted
    const data = { ...token.data, email }
    const text = await tokens.issue(tx, { purpose, userId, subject: email, data, mailed })
    await queueMail(tx, { kind: purpose, to: email, void: !mailed, ...letterOf(text) })
  }

  async function carryOut(tx: Tx, { purpose, userId, data }: TokenMeaning, origin: Origin): Promise<void> {
    if (purpose === 'account.register') {
      await createAccount(tx, { ...(data as unknown as PendingAccount), emailVerified: true }, origin)
      return
    }
    const email = data.email as string
    if (userId === null) throw problem('LINK_INVALID')
    if (purpose === 'email.verify') {
      if (!(await repository.verify(tx, userId, email))) throw problem('LINK_INVALID')
      await audit(tx.sql, { action: 'account.email_verified', actorId: userId, targetId: userId, origin })
      return
    }
    const former = await repository.changeEmail(tx, userId, email)
    if (former === undefined) throw problem('LINK_INVALID')
    // What was mailed to the former address opens nothing any more.
    await tokens.revoke(tx, userId, ['email.verify', 'email.change', 'password.reset'])
    await audit(tx.sql, { action: 'account.email_changed', actorId: userId, targetId: userId, origin })
    await queueMail(tx, { kind: 'notice', to: former, ...letters.emailChanged(email) })
  }

  return {
    /** Asks for the confirmation of an account's own email, within the caller's transaction. */
    ask: (tx: Tx, user: { id: string; email: string }): Promise<void> =>
      sendToken(tx, { purpose: 'email.verify', email: user.email, userId: user.id, data: {} }, letters.verify, true),

    /** Keeps an account until its email is confirmed; for a taken email its owner is told instead. The caller cannot tell which. */
    async register(pending: PendingAccount, origin: Origin): Promise<void> {
      await db.transact(async (tx) => {
        const owner = await repository.byEmail(tx, pending.email)
        const letterOf = owner === undefined ? letters.verify : letters.taken
        const data = owner === undefined ? { ...pending } : {}
        const token = { purpose: 'account.register', email: pending.email, userId: null, data } as const
        await sendToken(tx, token, letterOf, owner?.disabled !== true)
        await audit(tx.sql, { action: 'account.register_requested', targetId: owner?.id, origin })
      })
    },

    /** Sends the confirmation of an unconfirmed email again; for any other address nothing, after the same work. */
    async resend(email: string, origin: Origin): Promise<void> {
      await db.transact(async (tx) => {
        const user = await repository.byEmail(tx, email)
        const wanted = user !== undefined && !user.emailVerified && !user.disabled
        const token = {
          purpose: 'email.verify',
          email: user?.email ?? email,
          userId: user?.id ?? null,
          data: {},
        } as const
        await sendToken(tx, token, letters.verify, wanted)
        await audit(tx.sql, { action: 'account.verification_requested', targetId: user?.id, origin })
      })
    },

    /**
     * Asks the owner of another address to confirm it; the account keeps its email until then.
     * @throws INVALID_CREDENTIALS when the current password is wrong
     */
    async change(actor: Actor, { email, currentPassword }: ChangeEmailBody, origin: Origin): Promise<void> {
      await demandPassword(actor.userId, currentPassword, origin)
      const to = email.trim()
      await db.transact(async (tx) => {
        const owner = await repository.byEmail(tx, to)
        // Writing one's own email otherwise (capitals) is a change like any other.
        const free = owner === undefined || owner.id === actor.userId
        const token = { purpose: 'email.change', email: to, userId: free ? actor.userId : null, data: {} } as const
        await sendToken(tx, token, free ? letters.change : letters.taken, true)
        await audit(tx.sql, {
          action: 'account.email_change_requested',
          actorId: actor.userId,
          targetId: actor.userId,
          origin,
        })
      })
    },

    /**
     * Carries out what the link of a mail is for: makes the account, confirms its email, or changes it.
     * @throws LINK_INVALID, EMAIL_TAKEN when somebody else has confirmed the address meanwhile
     */
    async verify(token: string, origin: Origin): Promise<{ email: string }> {
      return db.transact(async (tx) => {
        const meaning = await tokens.use(tx, token, CONFIRMING)
        await carryOut(tx, meaning, origin)
        return { email: meaning.data.email as string }
      })
    },
  }
}

/** See {@link createEmails}. */
export type Emails = ReturnType<typeof createEmails>
