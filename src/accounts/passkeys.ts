import type { Origin } from '../contracts/audit.ts'
import { problem } from '../contracts/errors.ts'
import type { Actor } from '../contracts/policy.ts'
import { audit } from '../db/audit.ts'
import type { Database } from '../db/database.ts'
import type { QueueMail } from './emails.ts'
import { createIdentityRepository } from './identity-repository.ts'
import type { Letters } from './letters.ts'
import type { AuthResult, User } from './model.ts'
import type { Passkey, PasskeyLoginBody, RegisterPasskeyBody } from './model-passkeys.ts'
import type { OneTimeTokens, TokenPurpose } from './one-time-tokens.ts'
import { createPasskeyRepository } from './passkey-repository.ts'
import type { DemandPassword, DemandRecent } from './reauthentication.ts'
import { createAccountRepository } from './repository.ts'
import type { SignIn } from './sign-in.ts'

/** What passkeys need from outside. */
export interface PasskeysDeps {
  db: Database
  tokens: OneTimeTokens
  signIn: SignIn
  demandPassword: DemandPassword
  demandRecent: DemandRecent
  queueMail: QueueMail
  letters: Letters
  /** The domain that passkeys are bound to (RP ID), its name for people, and the origins whose pages may use them. */
  relyingParty: { id: string; name: string; origins: string[] }
}

/** Loaded with the first passkey: it takes a noticeable part of a start, and many servers never see one. */
const webauthn = () => import('@simplewebauthn/server')

const MOST = 20
const APP = 'A passkey'

/** Turns what the library throws for an answer that does not hold into the one error that tells nothing. */
async function holds<T extends { verified: boolean }>(verification: Promise<T>): Promise<T> {
  try {
    const found = await verification
    if (found.verified) return found
  } catch (cause) {
    throw problem('PASSKEY_INVALID', { cause })
  }
  throw problem('PASSKEY_INVALID')
}

/**
 * Passkeys: WebAuthn Level 3 with discoverable credentials, the user verified by the device. Possession and PIN or fingerprint are two
 * factors, so that no other is asked for. Every challenge is good once and for five minutes.
 */
export function createPasskeys(deps: PasskeysDeps) {
  const { db, tokens, signIn, demandPassword, demandRecent, queueMail, letters, relyingParty } = deps
  const repository = createPasskeyRepository(db)
  const waysIn = createIdentityRepository(db)
  const accounts = createAccountRepository(db)
  const expected = {
    expectedOrigin: relyingParty.origins,
    expectedRPID: relyingParty.id,
    requireUserVerification: true,
  }

  async function challenged<O extends { challenge: string }>(purpose: TokenPurpose, options: O, userId: string | null) {
    const data = { challenge: options.challenge }
    const token = await db.transact((tx) => tokens.issue(tx, { purpose, userId, data }))
    return { token, options }
  }

  async function challengeOf(token: string, purpose: TokenPurpose, userId: string | null): Promise<string> {
    const meaning = await db.transact((tx) => tokens.use(tx, token, [purpose]))
    if (meaning.userId !== userId) throw problem('LINK_INVALID')
    return meaning.data.challenge as string
  }

  async function userById(id: string): Promise<User> {
    const user = await accounts.byId(id)
    if (user === undefined) throw problem('NOT_FOUND')
    return user
  }

  /** Checks an answer against its stored key and moves the counter: a copy of the device that lags behind is refused. */
  async function authenticate(body: PasskeyLoginBody, challenge: string, origin: Origin): Promise<AuthResult> {
    return db.transact(async (tx) => {
      const row = await repository.lock(tx, body.response.id)
      if (row === undefined) throw problem('PASSKEY_INVALID')
      const { credential } = row
      const { verifyAuthenticationResponse } = await webauthn()
      const { authenticationInfo } = await holds(
        verifyAuthenticationResponse({
          ...expected,
          response: body.response,
          expectedChallenge: challenge,
          credential,
        }),
      )
      const found = await accounts.managed(row.userId)
      if (found === undefined) throw problem('PASSKEY_INVALID')
      const { disabledAt, ...user } = found
      if (disabledAt !== null) throw problem('ACCOUNT_DISABLED')
      await repository.used(tx, row.id, authenticationInfo.newCounter, authenticationInfo.credentialBackedUp)
      return signIn.complete(tx, user, 'passkey', origin)
    })
  }

  return {
    list: async (actor: Actor): Promise<{ items: Passkey[] }> => ({
      items: [...(await repository.list(actor.userId))],
    }),

    /** Options to make a passkey with. @throws INVALID_CREDENTIALS, CONFLICT for the 21st */
    async registrationOptions(actor: Actor, currentPassword: string, origin: Origin) {
      await demandPassword(actor.userId, currentPassword, origin)
      const { id, email, name } = await userById(actor.userId)
      const known = await repository.credentialIds(id)
      if (known.length >= MOST) throw problem('CONFLICT', { detail: `An account has ${MOST} passkeys at most` })
      const { generateRegistrationOptions } = await webauthn()
      const options = await generateRegistrationOptions({
        rpName: relyingParty.name,
        rpID: relyingParty.id,
        userName: email,
        userDisplayName: name,
        userID: new Uint8Array(Buffer.from(id.replaceAll('-', ''), 'hex')),
        attestationType: 'none',
        excludeCredentials: known.map((one) => ({ id: one.id })),
        authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
      })
      return challenged('passkey.register', options, id)
    },

    /** Keeps a new passkey. @throws LINK_INVALID, PASSKEY_INVALID, CONFLICT when somebody has it */
    async register(actor: Actor, { token, name, response }: RegisterPasskeyBody, origin: Origin): Promise<Passkey> {
      const { userId } = actor
      const { email } = await userById(userId)
      const expectedChallenge = await challengeOf(token, 'passkey.register', userId)
      const { verifyRegistrationResponse } = await webauthn()
      const { registrationInfo } = await holds(verifyRegistrationResponse({ ...expected, response, expectedChallenge }))
      if (registrationInfo === undefined) throw problem('PASSKEY_INVALID')
      const { credential, credentialBackedUp: backedUp } = registrationInfo
      return db.transact(async (tx) => {
        const made = await repository.insert(tx, { userId, name: name.trim(), credential, backedUp })
        if (made === undefined) throw problem('CONFLICT', { detail: 'This passkey is registered already' })
        await audit(tx.sql, { action: 'passkey.added', actorId: userId, targetId: made.id, origin })
        await queueMail(tx, { kind: 'notice', to: email, ...letters.factorAdded(APP) })
        return made
      })
    },

    /** @throws NOT_FOUND */
    async rename(actor: Actor, id: string, name: string): Promise<Passkey> {
      const renamed = await repository.rename(actor.userId, id, name.trim())
      if (renamed === undefined) throw problem('NOT_FOUND', { detail: 'No such passkey' })
      return renamed
    },

    /** @throws NOT_FOUND, CONFLICT for the last way into the account, REAUTHENTICATION_REQUIRED, INVALID_CREDENTIALS */
    async remove(actor: Actor, id: string, currentPassword: string | undefined, origin: Origin): Promise<void> {
      const { userId } = actor
      await demandRecent(actor, currentPassword, origin)
      const { email } = await userById(userId)
      await db.transact(async (tx) => {
        await waysIn.lock(tx, userId)
        if (!(await repository.remove(tx, userId, id))) throw problem('NOT_FOUND', { detail: 'No such passkey' })
        if (!(await waysIn.hasWayIn(tx, userId)))
          throw problem('CONFLICT', { detail: 'This is the last way into your account: choose a password first' })
        await audit(tx.sql, { action: 'passkey.removed', actorId: userId, targetId: id, origin })
        await queueMail(tx, { kind: 'notice', to: email, ...letters.factorRemoved(APP) })
      })
    },

    /** Options to sign in with: they name nobody, the device knows its own. */
    async loginOptions() {
      const { generateAuthenticationOptions } = await webauthn()
      const options = await generateAuthenticationOptions({ rpID: relyingParty.id, userVerification: 'required' })
      return challenged('passkey.login', options, null)
    },

    /** @throws LINK_INVALID, PASSKEY_INVALID, ACCOUNT_DISABLED, EMAIL_UNVERIFIED */
    async login(body: PasskeyLoginBody, origin: Origin): Promise<AuthResult> {
      const challenge = await challengeOf(body.token, 'passkey.login', null)
      try {
        return await authenticate(body, challenge, origin)
      } catch (error) {
        await audit(db.sql, { action: 'account.login_failed', origin, details: { method: 'passkey' } })
        throw error
      }
    },
  }
}

/** See {@link createPasskeys}. */
export type Passkeys = ReturnType<typeof createPasskeys>
