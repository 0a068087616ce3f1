import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Origin } from '../contracts/audit.ts'
import { type ErrorCode, problem } from '../contracts/errors.ts'
import {
  type AuthorizationSecrets,
  type IdentityClaims,
  type IdentityProvider,
  IdentityProviderError,
} from '../contracts/identity-provider.ts'
import type { Actor } from '../contracts/policy.ts'
import { audit } from '../db/audit.ts'
import type { Database } from '../db/database.ts'
import type { OAuthExchangeBody, OAuthStart } from './model-oauth.ts'
import { type OneTimeTokens, TOKEN_LIFE } from './one-time-tokens.ts'

/** What the way to a provider and back needs. */
export interface OAuthDeps {
  db: Database
  tokens: OneTimeTokens
  providers: readonly IdentityProvider[]
  /** Derives what need not be stored. */
  secret: string
  /** Where the browser ends up: the page of this server that exchanges the code. Never anywhere a request names. */
  returnUrl: string
  onError: (error: unknown) => void
}

/** What came back from a provider, for whoever began it. */
export interface Arrival {
  provider: string
  /** Set when a signed-in user wants to link the identity; a sign-in otherwise. */
  linkTo: string | null
  claims: IdentityClaims
}

const hashOf = (text: string) => createHash('sha256').update(text).digest('hex')
const sameText = (a: string, b: string) => a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b))

/**
 * The way of a browser to an identity provider and back: authorization code with PKCE, state and nonce. What comes back is handed over by a
 * one-time code that is worth nothing without the handle, which never left the browser that began: a link with somebody else's code signs nobody in.
 */
export function createOAuth({ db, tokens, providers, secret, returnUrl, onError }: OAuthDeps) {
  const byName = new Map(providers.map((provider) => [provider.name, provider]))

  function providerOf(name: string): IdentityProvider {
    const provider = byName.get(name)
    if (provider === undefined) throw problem('NOT_FOUND', { detail: 'No such provider' })
    return provider
  }

  /** Nonce and verifier follow from the state, of which only the hash is stored. */
  function secretsOf(state: string): AuthorizationSecrets {
    const derive = (what: string) => createHmac('sha256', secret).update(`oauth:${what}:${state}`).digest('base64url')
    return { state, nonce: derive('nonce'), verifier: derive('verifier') }
  }

  const backWith = (parameter: 'code' | 'error', value: string) =>
    `${returnUrl}#${parameter}=${encodeURIComponent(value)}`

  async function begin(name: string, linkTo: string | null): Promise<OAuthStart> {
    const provider = providerOf(name)
    const handle = randomBytes(32).toString('base64url')
    const data = { provider: name, handleHash: hashOf(handle), linkTo }
    const state = await db.transact((tx) => tokens.issue(tx, { purpose: 'oauth.state', data }))
    try {
      const url = await provider.authorizationUrl(secretsOf(state))
      return { url, handle, expiresIn: TOKEN_LIFE['oauth.state'] }
    } catch (cause) {
      if (!(cause instanceof IdentityProviderError)) throw cause
      throw problem('DEPENDENCY_UNAVAILABLE', {
        detail: 'The identity provider does not answer',
        retryAfter: 10,
        cause,
      })
    }
  }

  async function arrive(name: string, state: string, callbackUrl: URL): Promise<string> {
    const meaning = await db.transact((tx) => tokens.use(tx, state, ['oauth.state']))
    const { provider, handleHash, linkTo } = meaning.data as {
      provider: string
      handleHash: string
      linkTo: string | null
    }
    if (provider !== name) throw problem('LINK_INVALID')
    const claims = await providerOf(name).claims(callbackUrl, secretsOf(state))
    const data = { provider, handleHash, linkTo, claims }
    return db.transact((tx) => tokens.issue(tx, { purpose: 'oauth.result', data }))
  }

  return {
    /** Providers to sign in with. */
    providers: () => ({ items: providers.map(({ name, label }) => ({ name, label })) }),

    /** Whether an unknown identity of a provider may make an account. */
    allowsSignUp: (name: string): boolean => byName.get(name)?.allowSignUp ?? false,

    /** Begins a sign-in; with an actor, the linking of an identity to the account. @throws NOT_FOUND, DEPENDENCY_UNAVAILABLE */
    start: (name: string, actor?: Actor): Promise<OAuthStart> => begin(name, actor?.userId ?? null),

    /** Where to send the browser that a provider sent back: always the page of this server, with a code or an error. Never throws. */
    async callback(name: string, state: string | undefined, callbackUrl: URL, origin: Origin): Promise<string> {
      try {
        if (state === undefined) return backWith('error', 'LINK_INVALID')
        return backWith('code', await arrive(name, state, callbackUrl))
      } catch (error) {
        const denied = error instanceof IdentityProviderError
        if (denied && error.reason !== 'DENIED') onError(error)
        await audit(db.sql, { action: 'identity.refused', origin, details: { provider: name.slice(0, 40) } })
        const code: ErrorCode = denied ? 'OAUTH_FAILED' : 'LINK_INVALID'
        if (!denied && (error as { code?: string }).code !== 'LINK_INVALID') onError(error)
        return backWith('error', code)
      }
    },

    /**
     * What a one-time code stands for, if it comes from the browser that began. Uses the code up.
     * @throws LINK_INVALID
     */
    async redeem({ code, handle }: OAuthExchangeBody): Promise<Arrival> {
      const meaning = await db.transact((tx) => tokens.use(tx, code, ['oauth.result']))
      const { handleHash, ...arrival } = meaning.data as unknown as Arrival & { handleHash: string }
      if (!sameText(handleHash, hashOf(handle))) throw problem('LINK_INVALID')
      return arrival
    },
  }
}

/** See {@link createOAuth}. */
export type OAuth = ReturnType<typeof createOAuth>
