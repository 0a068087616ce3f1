import type { Origin } from '../contracts/audit.ts'
import { Problem, problem } from '../contracts/errors.ts'
import type { Actor, ServerRole, Tier } from '../contracts/policy.ts'
import { audit } from '../db/audit.ts'
import type { Database } from '../db/database.ts'
import type { Emails } from './emails.ts'
import type { LoginThrottle } from './login-throttle.ts'
import type { AuthResult, ChangePasswordBody, LoginBody, ProfileBody, RegisterBody, User } from './model.ts'
import type { MfaChallenge } from './model-factors.ts'
import type { CreateAccount } from './new-account.ts'
import { type OneTimeTokens, OPENED_BY_PASSWORD } from './one-time-tokens.ts'
import { demandUncommon } from './password-rules.ts'
import type { Passwords } from './passwords.ts'
import type { DemandPassword } from './reauthentication.ts'
import { createAccountRepository } from './repository.ts'
import type { Sessions } from './sessions.ts'
import type { SignIn } from './sign-in.ts'

/** What accounts need from outside. */
export interface AccountsDeps {
  db: Database
  passwords: Passwords
  sessions: Sessions
  /** Bounds wrong passwords; undefined where limits are off. */
  throttle: LoginThrottle | undefined
  signIn: SignIn
  emails: Pick<Emails, 'ask' | 'register'>
  /** `required`: no account before its email is confirmed. `asked`: a mail asks for it, and nothing waits for the answer. */
  confirmation: 'required' | 'asked' | 'none'
  createAccount: CreateAccount
  demandPassword: DemandPassword
  tokens: Pick<OneTimeTokens, 'revoke'>
}

/** What an operator may give an account from the start. */
type Standing = { role: ServerRole; tier: Tier }

/** How often a sign-in is begun anew because its password was replaced while it was looked at: by its owner, or by a stronger hash of the same. */
const ATTEMPTS = 3

/** Registration, sign-in and the own account. */
export function createAccounts({
  db,
  passwords,
  sessions,
  throttle,
  signIn,
  createAccount,
  demandPassword,
  tokens,
  ...deps
}: AccountsDeps) {
  const repository = createAccountRepository(db)

  async function own(actor: Actor): Promise<User> {
    const user = await repository.byId(actor.userId)
    if (user === undefined) throw problem('NOT_FOUND')
    return user
  }

  /** The account whose email and password these are. Whatever is wrong with them, the same is done and answered. */
  async function demandCredentials(input: LoginBody, origin: Origin) {
    const email = input.email.trim()
    const attempt = await throttle?.begin(email, origin.address)
    const found = await repository.byEmail(email)
    const passwordHash = found?.passwordHash
    const fits = await passwords.verify(passwordHash, input.password)
    if (fits) await attempt?.succeeded()
    if (!found || !fits || !passwordHash || found.disabled) {
      await audit(db.sql, { action: 'account.login_failed', targetId: found?.id, origin })
      throw problem(fits && found?.disabled ? 'ACCOUNT_DISABLED' : 'INVALID_CREDENTIALS')
    }
    return { ...found, passwordHash }
  }

  /** Replaces a hash of former, weaker parameters, now that the password is at hand. An overloaded pool leaves it for the next time. */
  async function renewHash(userId: string, stored: string, password: string): Promise<void> {
    if (!passwords.isOutdated(stored)) return
    try {
      await repository.replacePasswordHash(userId, stored, await passwords.hash(password))
    } catch (error) {
      if (!(error instanceof Problem)) throw error
    }
  }

  return {
    /**
     * Makes an account and signs in to it. Where emails must be confirmed first it answers `pending`, for a taken email too.
     * @throws EMAIL_TAKEN, OVERLOADED, VALIDATION_FAILED for a password that everybody tries
     */
    async register({ password, ...input }: RegisterBody, origin: Origin): Promise<AuthResult | 'pending'> {
      demandUncommon(password, { email: input.email, name: input.name ?? '' })
      const passwordHash = await passwords.hash(password)
      if (deps.confirmation === 'required') {
        await deps.emails.register({ ...input, email: input.email.trim(), passwordHash }, origin)
        return 'pending'
      }
      return db.transact(async (tx) => {
        const user = await createAccount(tx, { ...input, passwordHash }, origin)
        if (deps.confirmation === 'asked') await deps.emails.ask(tx, user)
        return { user, ...(await sessions.open(tx, user.id, origin)) }
      })
    },

    /**
     * An account with a role and a tier, without a session: for whoever runs commands on the server, never for a request.
     * @throws EMAIL_TAKEN
     */
    async provision({ password, ...input }: RegisterBody & Standing): Promise<User> {
      demandUncommon(password, { email: input.email, name: input.name ?? '' })
      const passwordHash = await passwords.hash(password)
      return db.transact((tx) => createAccount(tx, { ...input, passwordHash, emailVerified: true }))
    },

    /** @throws INVALID_CREDENTIALS for an unknown email as for a wrong password, ACCOUNT_DISABLED, EMAIL_UNVERIFIED, RATE_LIMITED, OVERLOADED */
    async login(input: LoginBody, origin: Origin): Promise<AuthResult | MfaChallenge> {
      for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
        const { passwordHash, disabled: _disabled, ...user } = await demandCredentials(input, origin)
        const result = await signIn.beginByPassword(user, passwordHash, origin)
        if (result === undefined) continue
        await renewHash(user.id, passwordHash, input.password)
        return result
      }
      throw problem('INVALID_CREDENTIALS')
    },

    /** Ends the asking session. An API key has none: revoke it instead. */
    async logout(actor: Actor, origin: Origin): Promise<void> {
      const { userId, sessionId } = actor
      if (sessionId !== undefined) await db.transact((tx) => sessions.end(tx, userId, 'logout', origin, sessionId))
    },

    /** @throws NOT_FOUND when the account is gone */
    me: own,

    /** Changes the own profile. */
    updateProfile: (actor: Actor, input: ProfileBody, origin: Origin): Promise<User> =>
      db.transact(async (tx) => {
        const user = await repository.updateName(tx, actor.userId, input.name.trim())
        if (user === undefined) throw problem('NOT_FOUND')
        await audit(tx.sql, { action: 'account.updated', actorId: user.id, targetId: user.id, origin })
        return user
      }),

    /**
     * Changes the own password, and ends all other sessions and whatever was begun with the former one.
     * @throws INVALID_CREDENTIALS when the current one is wrong, FORBIDDEN for an account that has none, RATE_LIMITED
     */
    async changePassword(actor: Actor, input: ChangePasswordBody, origin: Origin): Promise<void> {
      await demandPassword(actor.userId, input.currentPassword, origin)
      demandUncommon(input.newPassword, await own(actor), 'newPassword')
      const passwordHash = await passwords.hash(input.newPassword)
      await db.transact(async (tx) => {
        await repository.setPasswordHash(tx, actor.userId, passwordHash)
        await tokens.revoke(tx, actor.userId, OPENED_BY_PASSWORD)
        await sessions.end(tx, actor.userId, 'password-changed', origin, undefined, actor.sessionId)
        await audit(tx.sql, {
          action: 'account.password_changed',
          actorId: actor.userId,
          targetId: actor.userId,
          origin,
        })
      })
    },
  }
}

/** See {@link createAccounts}. */
export type Accounts = ReturnType<typeof createAccounts>
