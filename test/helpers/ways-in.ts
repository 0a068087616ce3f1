import type { FastifyInstance, LightMyRequestResponse } from 'fastify'
import { Secret, TOTP } from 'otpauth'
import type { Test } from 'tap'
import { caller, PASSWORD, person, testApp } from './app.ts'
import { passkeyDevice } from './authenticator.ts'
import { testDatabase } from './database.ts'
import { oidcProvider } from './oidc.ts'

/** Where the server of {@link worldOfWays} is reached. */
export const ORIGIN = 'http://localhost:4700'

type Headers = Record<string, string>

/** Signs in with the last step of a way, sent with headers of one's own. */
export type WayIn = (headers?: Headers) => Promise<LightMyRequestResponse>

/** What instances of one installation share. */
const SECRETS = {
  JWT_SECRET: 'j'.repeat(48),
  COOKIE_SECRET: 'c'.repeat(48),
  ENCRYPTION_KEY: `1:${Buffer.alloc(32, 7).toString('base64')}`,
}

/** A server with a real identity provider: people are made at `app`, and sign in at `at`, an instance of its own where it has other settings. */
export async function worldOfWays(t: Test, env: Record<string, string> = {}) {
  const provider = await oidcProvider(t, `${ORIGIN}/api/auth/oauth/local/callback`)
  const { issuer, client_id: clientId, client_secret: clientSecret } = provider
  const entry = { name: 'local', label: 'Local', issuer, clientId, clientSecret }
  const databaseUrl = await testDatabase(t)
  const open = (more: Record<string, string> = {}) =>
    testApp(t, {
      databaseUrl,
      env: { ...SECRETS, PUBLIC_URL: ORIGIN, OIDC_PROVIDERS: JSON.stringify([entry]), ...more },
    })
  const app = await open()
  return { app, provider, at: Object.keys(env).length > 0 ? await open(env) : app }
}

async function withTotp(app: FastifyInstance) {
  const somebody = await person(app)
  const { secret } = (await somebody.post('/api/auth/mfa/totp', { currentPassword: PASSWORD })).json<{
    secret: string
  }>()
  const code = () => new TOTP({ secret: Secret.fromBase32(secret) }).generate()
  const confirmed = await somebody.post('/api/auth/mfa/totp/confirm', { code: code() })
  const { recoveryCodes } = confirmed.json<{ recoveryCodes: string[] }>()
  return { somebody, code, recoveryCodes }
}

/**
 * Every way to sign in, each with somebody of its own: `begin` goes as far as the last step. A new way belongs here, for the promises that hold
 * for all of them.
 */
export const WAYS: Record<
  string,
  (world: Awaited<ReturnType<typeof worldOfWays>>) => Promise<{ userId: string; begin: () => Promise<WayIn> }>
> = {
  async password({ app, at }) {
    const { id: userId, email } = await person(app)
    const way: WayIn = (headers) => caller(at).post('/api/auth/login', { email, password: PASSWORD }, headers)
    return { userId, begin: async () => way }
  },
  async totp({ app, at }) {
    const { somebody, code } = await withTotp(app)
    const begin = async (): Promise<WayIn> => {
      // As if a long time had passed since the last code.
      await app.db.sql`update totp_factors set last_step = 0 where user_id = ${somebody.id}`
      const first = await caller(at).post('/api/auth/login', { email: somebody.email, password: PASSWORD })
      if (first.statusCode !== 202) return async () => first
      const { mfaToken } = first.json<{ mfaToken: string }>()
      return (headers) => caller(at).post('/api/auth/mfa/totp/login', { mfaToken, code: code() }, headers)
    }
    return { userId: somebody.id, begin }
  },
  async recovery_code({ app, at }) {
    const { somebody, recoveryCodes } = await withTotp(app)
    const begin = async (): Promise<WayIn> => {
      const first = await caller(at).post('/api/auth/login', { email: somebody.email, password: PASSWORD })
      if (first.statusCode !== 202) return async () => first
      const { mfaToken } = first.json<{ mfaToken: string }>()
      return (headers) =>
        caller(at).post('/api/auth/mfa/totp/login', { mfaToken, code: recoveryCodes.pop() as string }, headers)
    }
    return { userId: somebody.id, begin }
  },
  async passkey({ app, at }) {
    const somebody = await person(app)
    const device = await passkeyDevice(app, somebody.id, ORIGIN)
    const begin = async (): Promise<WayIn> => {
      const asked = await caller(at).post('/api/auth/passkeys/login/options')
      const { token, options } = asked.json<{ token: string; options: { challenge: string } }>()
      const response = device.answer(options.challenge)
      return (headers) => caller(at).post('/api/auth/passkeys/login', { token, response }, headers)
    }
    return { userId: somebody.id, begin }
  },
  async oauth({ app, at, provider }) {
    const somebody = await person(app)
    await app.db.sql`
      insert into identities (id, user_id, provider, issuer, subject)
      values (gen_random_uuid(), ${somebody.id}, 'local', ${provider.issuer}, ${somebody.id})`
    const begin = async (): Promise<WayIn> => {
      const nobody = caller(at)
      const { url, handle } = (await nobody.post('/api/auth/oauth/local/start')).json<{ url: string; handle: string }>()
      provider.signsIn({ sub: somebody.id })
      const back = await provider.browse(url)
      const arrived = await nobody.get(back.pathname + back.search)
      const code = new URLSearchParams(new URL(String(arrived.headers.location)).hash.slice(1)).get('code')
      return (headers) => nobody.post('/api/auth/oauth/exchange', { code, handle }, headers)
    }
    return { userId: somebody.id, begin }
  },
}
