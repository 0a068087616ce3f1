import type { AddressInfo } from 'node:net'
import { Secret, TOTP } from 'otpauth'
import t, { type Test } from 'tap'
import { WebSocket } from 'ws'
import { createParley, memoryStore, type Registration, type SecondFactor, type SignIn } from '../../sdk/index.ts'
import { PASSWORD, testApp } from '../helpers/app.ts'
import { oidcProvider } from '../helpers/oidc.ts'
import { smtpServer, tokenIn } from '../helpers/smtp.ts'

const codeOf = (secret: string, steps = 0) =>
  new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: Date.now() + steps * 30_000 })

/** The real server, listening, with a mail server; clients count what they send. */
async function world(t: Test, env: Record<string, string> = {}) {
  const smtp = await smtpServer(t)
  const app = await testApp(t, { env: { SMTP_URL: smtp.url, MAIL_FROM: 'parley@example.com', ...env } })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
  const sent: string[] = []
  const counting: typeof fetch = (input, init) => {
    sent.push(`${init?.method} ${new URL(String(input)).pathname}`)
    return fetch(input, init)
  }
  const client = (store = memoryStore()) => {
    const parley = createParley({ url, WebSocket, fetch: counting, store })
    t.teardown(parley.close)
    return parley
  }
  const mail = async (about: RegExp) => {
    for (;;) {
      const next = await smtp.next()
      if (about.test(next.subject ?? '')) return next
    }
  }
  return { app, url, client, sent, mail }
}

const account = () => ({ name: 'Ada', email: `ada-${crypto.randomUUID()}@example.org`, password: PASSWORD })

function challenged(answer: SignIn | Registration): SecondFactor {
  if (answer.status !== 'second_factor') throw new Error(`not asked for a second factor: ${answer.status}`)
  return answer
}

t.test('a second factor: nobody is signed in before its code', async (t) => {
  const { client } = await world(t)
  const ada = account()
  const desk = client()
  t.match(await desk.auth.register(ada), { status: 'signed_in', user: { email: ada.email } })
  const { secret } = await desk.rest.enrolTotp({ body: { currentPassword: PASSWORD } })
  const { recoveryCodes } = await desk.rest.confirmTotp({ body: { code: codeOf(secret) } })

  const phone = client()
  const asked = challenged(await phone.auth.login({ email: ada.email, password: PASSWORD }))
  t.match(asked, { methods: ['totp', 'recovery_code'] })
  t.ok(asked.expiresAt > Date.now())
  t.equal(phone.session.current(), null, 'the right password alone is no sign-in')
  await t.rejects(phone.auth.me(), { code: 'UNAUTHENTICATED' })
  await t.rejects(asked.complete('aaaa-bbbb-cccc-dddd'), { code: 'MFA_CODE_INVALID', status: 401 })
  t.match(await asked.complete(` ${codeOf(secret, 1)} `), { status: 'signed_in', user: { email: ada.email } })
  t.match(await phone.auth.me(), { email: ada.email })
  await t.rejects(asked.complete(recoveryCodes[0] as string), { code: 'TOKEN_INVALID' }, 'good for one sign-in')

  const laptop = client()
  const again = challenged(await laptop.auth.login({ email: ada.email, password: PASSWORD }))
  await again.complete(recoveryCodes[0] as string)
  t.match(await laptop.rest.getMfa(), { recoveryCodesLeft: recoveryCodes.length - 1 })
})

t.test('a wrong current password is asked once, and costs no token', async (t) => {
  const { client, sent } = await world(t)
  const parley = client()
  await parley.auth.register(account())
  sent.length = 0
  await t.rejects(parley.auth.changePassword({ currentPassword: 'wrong', newPassword: 'another long one' }), {
    code: 'INVALID_CREDENTIALS',
    status: 401,
  })
  t.same(sent, ['POST /api/auth/password/change'], 'a second try would count as a second wrong password')
  await parley.auth.changePassword({ currentPassword: PASSWORD, newPassword: 'another long one' })
  t.match(await parley.auth.me(), { name: 'Ada' }, 'this session goes on')
})

t.test('mails: confirm an email, reset a password, take another email', async (t) => {
  const { client, mail } = await world(t)
  const ada = account()
  const parley = client()
  await parley.auth.register(ada)
  const token = tokenIn(await mail(/Confirm your email/))
  t.same(await client().auth.verifyEmail(token), { email: ada.email })
  await t.rejects(client().auth.verifyEmail(token), { code: 'LINK_INVALID', status: 400 })

  const moved = `moved-${ada.email}`
  t.match(await parley.auth.changeEmail({ email: moved, currentPassword: PASSWORD }), { status: 'accepted' })
  t.same(await client().auth.verifyEmail(tokenIn(await mail(/Confirm your new email/))), { email: moved })

  t.match(await client().auth.forgotPassword(moved), { status: 'accepted' })
  t.match(await client().auth.forgotPassword('nobody@example.org'), { status: 'accepted' }, 'the same for everybody')
  const reset = tokenIn(await mail(/Choose a new password/))
  await client().auth.resetPassword({ token: reset, password: 'a wholly different battery' })
  const ended = new Promise((resolve) => parley.session.on('ended', resolve))
  await t.rejects(parley.auth.me(), { name: 'ParleyError', status: 401 })
  t.same(await ended, { reason: 'expired' })
  t.match(await parley.auth.login({ email: moved, password: 'a wholly different battery' }), { status: 'signed_in' })
  const [before, after] = [parley.session.current(), await parley.auth.refresh()]
  t.not(after.refreshToken, before?.refreshToken)
})

t.test('where emails must be confirmed, a registration signs nobody in', async (t) => {
  const { client, mail } = await world(t, { REQUIRE_EMAIL_VERIFICATION: 'true' })
  const ada = account()
  const parley = client()
  t.match(await parley.auth.register(ada), { status: 'mail_sent', detail: /mail/i })
  t.equal(parley.session.current(), null)
  await parley.auth.verifyEmail(tokenIn(await mail(/Confirm your email/)))
  t.match(await parley.auth.login({ email: ada.email, password: PASSWORD }), { status: 'signed_in' })
})

t.test('an identity provider: there and back', async (t) => {
  const origin = 'http://localhost:4700'
  const provider = await oidcProvider(t, `${origin}/api/auth/oauth/local/callback`)
  const { issuer, client_id: clientId, client_secret: clientSecret } = provider
  const { client, url } = await world(t, {
    PUBLIC_URL: origin,
    OIDC_PROVIDERS: JSON.stringify([{ name: 'local', issuer, clientId, clientSecret }]),
  })
  const parley = client()
  const started = await parley.auth.startOAuth('local')
  provider.signsIn({ sub: 'g-1', email: 'grace@example.org', email_verified: true, name: 'Grace Hopper' })
  const back = await provider.browse(started.url)
  const returned = await fetch(url + back.pathname + back.search, { redirect: 'manual' })
  const fragment = new URLSearchParams(new URL(returned.headers.get('location') ?? '').hash.slice(1))
  const code = fragment.get('code') ?? ''
  t.match(await parley.auth.finishOAuth({ code, handle: started.handle }), {
    status: 'signed_in',
    user: { email: 'grace@example.org' },
  })
  t.match(await parley.auth.me(), { name: 'Grace Hopper' })
  await t.rejects(client().auth.finishOAuth({ code, handle: started.handle }), { code: 'LINK_INVALID' })
})
