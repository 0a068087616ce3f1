import { createHash, randomBytes } from 'node:crypto'
import type { Origin } from '../contracts/audit.ts'
import { problem } from '../contracts/errors.ts'
import { audit } from '../db/audit.ts'
import type { Database } from '../db/database.ts'
import type { AuthResult, SetupBody } from './model-setup.ts'
import type { CreateAccount } from './new-account.ts'
import { demandUncommon } from './password-rules.ts'
import type { Passwords } from './passwords.ts'
import type { Sessions } from './sessions.ts'

/** What the set-up needs from outside. */
export interface SetupDeps {
  db: Database
  passwords: Passwords
  sessions: Sessions
  createAccount: CreateAccount
}

const TOKEN_BYTES = 32
const LIFE_HOURS = 24
const hashOf = (token: string) => createHash('sha256').update(token).digest('hex')

/** The first administrator of an installation, by a link that its first start prints: good once, for a day, and only while there is no administrator. */
export function createSetup({ db, passwords, sessions, createAccount }: SetupDeps) {
  const hasAdmin = async (sql: Pick<Database, 'sql'>['sql']): Promise<boolean> =>
    (await sql`select 1 from users where role = 'admin' limit 1`).length > 0

  return {
    /** A token for the link; the one before is good no longer. Undefined once there is an account. */
    async issue(): Promise<string | undefined> {
      const users = await db.sql`select 1 from users limit 1`
      if (users.length > 0) return undefined
      const token = randomBytes(TOKEN_BYTES).toString('base64url')
      await db.transact(async (tx) => {
        await tx.sql`delete from setup_tokens`
        await tx.sql`
          insert into setup_tokens (token_hash, expires_at) values (${hashOf(token)}, now() + make_interval(hours => ${LIFE_HOURS}))`
      })
      return token
    },

    /**
     * Makes the first administrator and signs in. The token is used up by it, and by it alone: of many at a time one succeeds.
     * @throws NOT_FOUND for a token that is not good (any more), CONFLICT when there is an administrator already, EMAIL_TAKEN
     */
    async use({ token, password, ...input }: SetupBody, origin: Origin): Promise<AuthResult> {
      demandUncommon(password, { email: input.email, name: input.name ?? '' })
      const known = await db.sql`select 1 from setup_tokens where token_hash = ${hashOf(token)} and expires_at > now()`
      if (known.length === 0) throw problem('NOT_FOUND', { detail: 'This set-up link is not good, or not any more' })
      const passwordHash = await passwords.hash(password)
      return db.transact(async (tx) => {
        const taken = await tx.sql`
          delete from setup_tokens where token_hash = ${hashOf(token)} and expires_at > now() returning 1`
        if (taken.length === 0) throw problem('NOT_FOUND', { detail: 'This set-up link is not good, or not any more' })
        if (await hasAdmin(tx.sql as never)) throw problem('CONFLICT', { detail: 'There is an administrator already' })
        const account = { ...input, passwordHash, role: 'admin' as const, emailVerified: true }
        const user = await createAccount(tx, account, origin)
        await audit(tx.sql, { action: 'account.first_admin', actorId: user.id, targetId: user.id, origin })
        return { user, ...(await sessions.open(tx, user.id, origin)) }
      })
    },
  }
}

/** See {@link createSetup}. */
export type Setup = ReturnType<typeof createSetup>
