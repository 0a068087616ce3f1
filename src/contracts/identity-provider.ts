/** What an identity provider says of somebody who has just signed in there. */
export interface IdentityClaims {
  /** Unique together with `subject`, and the only thing by which an identity is recognized: never its email. */
  issuer: string
  subject: string
  email: string | undefined
  /** Whether the provider vouches that the email is theirs. */
  emailVerified: boolean
  name: string | undefined
}

/** Secrets of one authorization request (RFC 9700 section 2.1): known to this server alone, or to it and the browser. */
export interface AuthorizationSecrets {
  state: string
  nonce: string
  /** The PKCE verifier, RFC 7636. */
  verifier: string
}

/**
 * The port to an identity provider: OpenID Connect by authorization code with PKCE, state and nonce. It keeps nothing and knows no accounts.
 */
export interface IdentityProvider {
  /** As it stands in paths: `google`. */
  readonly name: string
  /** For people: `Google`. */
  readonly label: string
  /** Whether an unknown identity may make an account. */
  readonly allowSignUp: boolean
  /**
   * Where to send the browser.
   * @throws {IdentityProviderError} UNREACHABLE
   */
  authorizationUrl(secrets: AuthorizationSecrets): Promise<string>
  /**
   * Exchanges the answer that the browser brought back for who it is, and checks all that there is to check.
   * @param callbackUrl the whole URL that the browser was sent back to
   * @throws {IdentityProviderError}
   */
  claims(callbackUrl: URL, secrets: AuthorizationSecrets): Promise<IdentityClaims>
}

/** A sign-in at an identity provider failed. The message is for logs. */
export class IdentityProviderError extends Error {
  override readonly name = 'IdentityProviderError'
  /** `DENIED`: the person or the provider said no. `INVALID`: its answer does not hold. `UNREACHABLE`: it does not answer. */
  readonly reason: 'DENIED' | 'INVALID' | 'UNREACHABLE'
  constructor(reason: IdentityProviderError['reason'], message: string, cause?: unknown) {
    super(message, { cause })
    this.reason = reason
  }
}
