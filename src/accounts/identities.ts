import type { Origin } from '../contracts/audit.ts'
import { problem } from '../contracts/errors.ts'
import type { IdentityClaims } from '../contracts/identity-provider.ts'
import type { Actor } from '../contracts/policy.ts'
import { audit } from '../db/audit.ts'
import type { Database } from '../db/database.ts'
import type { Tx } from '../db/transaction.ts'
import type { QueueMail } from './emails.ts'
import { createIdentityRepository } from './identity-repository.ts'
import type { Letters } from './letters.ts'
import type { AuthResult, User } from './model.ts'
import type { MfaChallenge } from './model-factors.ts'
import type { Identity, OAuthExchangeBody } from './model-oauth.ts'
import type { CreateAccount } from './new-account.ts'
import type { OAuth } from './oauth.ts'
import type { DemandPassword, DemandRecent } from './reauthentication.ts'
import { createAccountRepository } from './repository.ts'
import type { SignIn } from './sign-in.ts'

/** What linked identities need from outside. */
export interface IdentitiesDeps {
  db: Database
  oauth: OAuth
  signIn: SignIn
  createAccount: CreateAccount
  demandPassword: DemandPassword
  demandRecent: DemandRecent
  queueMail: QueueMail
  letters: Letters
}

/**
 * Sign-in by identities of other providers. An identity is recognized by its issuer and subject. One with the email of an account that exists is never
 * linked to it by that: its owner signs in as before and links it.
 */
export function createIdentities(deps: IdentitiesDeps) {
  const { db, oauth, signIn, createAccount, demandPassword, demandRecent, queueMail, letters } = deps
  const repository = createIdentityRepository(db)
  const accounts = createAccountRepository(db)

  /** The account of an identity that nobody has linked. @throws OAUTH_LINK_REQUIRED, EMAIL_UNVERIFIED, FORBIDDEN */
  async function signUp(tx: Tx, provider: string, claims: IdentityClaims, origin: Origin): Promise<User> {
    if (!oauth.allowsSignUp(provider))
      throw problem('FORBIDDEN', { detail: 'No account is linked to this identity, and this provider makes none' })
    if (claims.email === undefined || !claims.emailVerified)
      throw problem('EMAIL_UNVERIFIED', {
        detail: 'The provider does not vouch for your email: sign up with a password',
      })
    if ((await accounts.byEmail(claims.email)) !== undefined)
      throw problem('OAUTH_LINK_REQUIRED', {
        detail: 'There is an account with this email: sign in to it, then link the provider',
      })
    const { email, name } = claims
    const user = await createAccount(
      tx,
      { email, name: name?.slice(0, 100), passwordHash: null, emailVerified: true },
      origin,
    )
    await repository.link(tx, user.id, provider, claims)
    return user
  }

  async function userOf(tx: Tx, provider: string, claims: IdentityClaims, origin: Origin): Promise<User> {
    const userId = await repository.use(tx, claims)
    if (userId === undefined) return signUp(tx, provider, claims, origin)
    const found = await accounts.managed(userId)
    if (found === undefined) throw problem('LINK_INVALID')
    const { disabledAt, ...user } = found
    if (disabledAt !== null) throw problem('ACCOUNT_DISABLED')
    return user
  }

  return {
    /**
     * Signs in with what came back from a provider; the account's second factor is asked for as ever.
     * @throws LINK_INVALID, OAUTH_LINK_REQUIRED, EMAIL_UNVERIFIED, FORBIDDEN, ACCOUNT_DISABLED
     */
    async login(body: OAuthExchangeBody, origin: Origin): Promise<AuthResult | MfaChallenge> {
      const { provider, linkTo, claims } = await oauth.redeem(body)
      if (linkTo !== null) throw problem('LINK_INVALID')
      const user = await db.transact((tx) => userOf(tx, provider, claims, origin))
      return signIn.begin(user, 'oauth', origin)
    },

    /** Begins to link an identity. @throws INVALID_CREDENTIALS, NOT_FOUND, DEPENDENCY_UNAVAILABLE */
    async startLink(actor: Actor, provider: string, currentPassword: string, origin: Origin) {
      await demandPassword(actor.userId, currentPassword, origin)
      return oauth.start(provider, actor)
    },

    /** Links what came back to the account of whoever began it. @throws LINK_INVALID, CONFLICT when it is somebody else's */
    async link(actor: Actor, body: OAuthExchangeBody, origin: Origin): Promise<void> {
      const { userId } = actor
      const { provider, linkTo, claims } = await oauth.redeem(body)
      if (linkTo !== userId) throw problem('LINK_INVALID')
      const user = await accounts.byId(userId)
      await db.transact(async (tx) => {
        const owner = await repository.link(tx, userId, provider, claims)
        if (owner !== userId) throw problem('CONFLICT', { detail: 'This identity is linked to another account' })
        await audit(tx.sql, {
          action: 'identity.linked',
          actorId: userId,
          targetId: userId,
          origin,
          details: { provider },
        })
        if (user)
          await queueMail(tx, { kind: 'notice', to: user.email, ...letters.factorAdded(`A sign-in with ${provider}`) })
      })
    },

    /** Linked identities of the account. */
    list: async (actor: Actor): Promise<{ items: Identity[] }> => ({
      items: [...(await repository.list(actor.userId))],
    }),

    /** Unlinks one. @throws NOT_FOUND, CONFLICT for the last way into the account, REAUTHENTICATION_REQUIRED, INVALID_CREDENTIALS */
    async unlink(actor: Actor, id: string, currentPassword: string | undefined, origin: Origin): Promise<void> {
      const { userId } = actor
      await demandRecent(actor, currentPassword, origin)
      const user = await accounts.byId(userId)
      await db.transact(async (tx) => {
        await repository.lock(tx, userId)
        if (!(await repository.remove(tx, userId, id))) throw problem('NOT_FOUND', { detail: 'No such identity' })
        if (!(await repository.hasWayIn(tx, userId)))
          throw problem('CONFLICT', { detail: 'This is the last way into your account: choose a password first' })
        await audit(tx.sql, { action: 'identity.unlinked', actorId: userId, targetId: userId, origin })
        if (user)
          await queueMail(tx, { kind: 'notice', to: user.email, ...letters.factorRemoved('A sign-in with a provider') })
      })
    },
  }
}

/** See {@link createIdentities}. */
export type Identities = ReturnType<typeof createIdentities>
