import type { Configuration } from 'openid-client'
import type { OidcProvider } from '../../config/oidc.ts'
import { type IdentityClaims, type IdentityProvider, IdentityProviderError } from '../../contracts/identity-provider.ts'

const TIMEOUT_SECONDS = 10

/** Loaded with the first sign-in: many servers know no provider. */
const openid = () => import('openid-client')

const textOf = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined)

/** Any OpenID Connect provider, found by its issuer (OpenID Connect Discovery 1.0) when it is first needed. */
export function createOpenIdProvider(provider: OidcProvider, redirectUri: string): IdentityProvider {
  let found: Promise<Configuration> | undefined

  async function discover(): Promise<Configuration> {
    const { issuer, clientId, clientSecret } = provider
    const insecure = issuer.startsWith('http:')
    const { allowInsecureRequests, discovery, None } = await openid()
    try {
      return await discovery(new URL(issuer), clientId, clientSecret, clientSecret === undefined ? None() : undefined, {
        timeout: TIMEOUT_SECONDS,
        ...(insecure && { execute: [allowInsecureRequests] }),
      })
    } catch (cause) {
      found = undefined
      throw new IdentityProviderError('UNREACHABLE', `${provider.name}: its metadata cannot be had`, cause)
    }
  }
  const configuration = () => {
    found ??= discover()
    return found
  }

  /** Email and name: of the ID token where they are in it, else of the userinfo endpoint. */
  async function profile(
    config: Configuration,
    accessToken: string,
    idToken: Record<string, unknown>,
    subject: string,
  ) {
    if (idToken.email !== undefined || config.serverMetadata().userinfo_endpoint === undefined) return idToken
    const { fetchUserInfo } = await openid()
    return { ...(await fetchUserInfo(config, accessToken, subject)) } as Record<string, unknown>
  }

  return {
    name: provider.name,
    label: provider.label ?? provider.name,
    allowSignUp: provider.allowSignUp ?? true,

    async authorizationUrl({ state, nonce, verifier }) {
      const config = await configuration()
      const { buildAuthorizationUrl, calculatePKCECodeChallenge } = await openid()
      return buildAuthorizationUrl(config, {
        redirect_uri: redirectUri,
        scope: provider.scopes ?? 'openid email profile',
        code_challenge: await calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        state,
        nonce,
      }).href
    },

    async claims(callbackUrl, { state, nonce, verifier }): Promise<IdentityClaims> {
      const config = await configuration()
      const { AuthorizationResponseError, authorizationCodeGrant } = await openid()
      try {
        const tokens = await authorizationCodeGrant(config, callbackUrl, {
          expectedState: state,
          expectedNonce: nonce,
          pkceCodeVerifier: verifier,
          idTokenExpected: true,
        })
        const idToken = tokens.claims()
        if (idToken === undefined) throw new Error('no ID token')
        const about = await profile(config, tokens.access_token, { ...idToken }, idToken.sub)
        return {
          issuer: idToken.iss,
          subject: idToken.sub,
          email: textOf(about.email),
          emailVerified: about.email_verified === true,
          name: textOf(about.name),
        }
      } catch (cause) {
        const reason = cause instanceof AuthorizationResponseError ? 'DENIED' : 'INVALID'
        throw new IdentityProviderError(reason, `${provider.name}: the sign-in failed`, cause)
      }
    },
  }
}
