import type { FastifyInstance } from 'fastify'
import { Secret, TOTP, URI } from 'otpauth'
import type { Email } from 'postal-mime'
import t, { type Test } from 'tap'
import { caller, PASSWORD, type Person, person, testApp } from '../helpers/app.ts'
import { smtpServer, tokenIn } from '../helpers/smtp.ts'

type Caller = Pick<Person, 'get' | 'post' | 'patch' | 'delete'>

/** The code of a secret, some steps of 30 seconds from now. */
const codeOf = (secret: string, steps = 0) =>
  new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: Date.now() + steps * 30_000 })

/** A code that is right in none of the accepted steps. */
function wrongCode(secret: string): string {
  const right = [-2, -1, 0, 1, 2].map((steps) => codeOf(secret, steps))
  return ['000000', '111111', '222222', '333333', '444444', '555555'].find((code) => !right.includes(code)) ?? ''
}

/** As if a long time had passed since the last code. */
const later = (app: FastifyInstance) => app.db.sql`update totp_factors set last_step = 0`

async function enrolled(app: FastifyInstance, name = 'ada') {
  const user = await person(app, name)
  const { secret } = (await user.post('/api/auth/mfa/totp', { currentPassword: PASSWORD })).json<{ secret: string }>()
  const confirmed = await user.post('/api/auth/mfa/totp/confirm', { code: codeOf(secret) })
  await later(app)
  const nobody = caller(app)
  const first = async (password = PASSWORD) => {
    const answer = await nobody.post('/api/auth/login', { email: user.email, password })
    return answer.json<{ mfaToken: string }>().mfaToken
  }
  const second = (mfaToken: string, code: string) => nobody.post('/api/auth/mfa/totp/login', { mfaToken, code })
  const { recoveryCodes } = confirmed.json<{ recoveryCodes: string[] }>()
  return { user, secret, recoveryCodes, first, second }
}

/** Holds the time step of the codes: a test that uses the steps beside it must not cross into the next one. */
function holdTime(t: Test): void {
  const now = Date.now()
  t.intercept(Date, 'now', { value: () => now })
}

t.test('an authenticator app: set up with the password, on after its first code, off with the password', async (t) => {
  const app = await testApp(t)
  const [ada, nobody] = [await person(app), caller(app)]
  const key = (await ada.post('/api/auth/api-keys', { name: 'k', scopes: ['account:write'] })).json<{ key: string }>()
  const machine = caller(app, { authorization: `Bearer ${key.key}` })
  const url = '/api/auth/mfa/totp'
  const right = { currentPassword: PASSWORD }
  const wrong = { currentPassword: 'wrong' }
  t.same((await ada.get('/api/auth/mfa')).json(), { totp: null, recoveryCodesLeft: 0 })

  type Row = [name: string, as: Caller, path: string, body: object | undefined, status: number]
  const ask = async (rows: Row[]) => {
    for (const [name, as, path, body, status] of rows)
      t.equal((await as.post(path, body)).statusCode, status, `${path} ${name}`)
  }
  await ask([
    ['nobody', nobody, url, right, 401],
    ['an API key', machine, url, right, 403],
    ['a wrong password', ada, url, wrong, 401],
    ['nothing', ada, url, {}, 400],
    ['nothing waits', ada, `${url}/confirm`, { code: '123456' }, 409],
    ['there is none', ada, `${url}/disable`, right, 404],
    ['there is none', ada, `${url}/recovery-codes`, right, 404],
  ])
  await ada.post(url, right)
  const made = (await ada.post(url, right)).json<{ secret: string; uri: string }>()
  const parsed = URI.parse(made.uri)
  t.match(parsed, { issuer: 'Parley', label: ada.email, algorithm: 'SHA1', digits: 6, period: 30 })
  t.equal(parsed.secret.base32, made.secret)
  t.equal(parsed.secret.bytes.length, 20, '160 bits')
  t.equal(
    (await nobody.post('/api/auth/login', { email: ada.email, password: PASSWORD })).statusCode,
    200,
    'not asked for yet',
  )
  await ask([
    ['nobody', nobody, `${url}/confirm`, { code: codeOf(made.secret) }, 401],
    ['no code', ada, `${url}/confirm`, { code: '12' }, 400],
    ['a wrong code', ada, `${url}/confirm`, { code: wrongCode(made.secret) }, 401],
  ])
  const confirmed = await ada.post(`${url}/confirm`, { code: codeOf(made.secret) })
  t.equal(confirmed.statusCode, 200)
  const { recoveryCodes } = confirmed.json<{ recoveryCodes: string[] }>()
  t.equal(new Set(recoveryCodes).size, 10)
  t.ok(recoveryCodes.every((code) => /^([0-9a-z]{4}-){3}[0-9a-z]{4}$/.test(code)))
  t.match((await ada.get('/api/auth/mfa')).json(), { totp: { confirmedAt: String }, recoveryCodesLeft: 10 })
  t.equal((await nobody.get('/api/auth/mfa')).statusCode, 401)

  const [stored] = await app.db.sql<{ text: string }[]>`
    select totp_factors::text || (select string_agg(recovery_codes::text, ' ') from recovery_codes) as text from totp_factors`
  t.notMatch(stored?.text, made.secret, 'the secret is sealed')
  for (const code of recoveryCodes)
    t.notOk(stored?.text.includes(code.replaceAll('-', '')), 'recovery codes are hashed')
  const [sealed] = await app.db.sql<{ secret: string }[]>`select secret from totp_factors`
  t.equal(app.sealer.open(sealed?.secret ?? '', `totp:${ada.id}`), made.secret, 'bound to its user')

  await ask([
    ['a second app', ada, url, right, 409],
    ['nothing waits any more', ada, `${url}/confirm`, { code: codeOf(made.secret, 1) }, 409],
    ['a wrong password', ada, `${url}/recovery-codes`, wrong, 401],
    ['nobody', nobody, `${url}/recovery-codes`, right, 401],
    ['nothing', ada, `${url}/recovery-codes`, {}, 400],
  ])
  const renewed = (await ada.post(`${url}/recovery-codes`, right)).json<{ recoveryCodes: string[] }>()
  t.notOk(
    renewed.recoveryCodes.some((code) => recoveryCodes.includes(code)),
    'new codes replace the old ones',
  )
  await ask([
    ['nobody', nobody, `${url}/disable`, right, 401],
    ['a wrong password', ada, `${url}/disable`, wrong, 401],
    ['nothing', ada, `${url}/disable`, {}, 400],
    ['right', ada, `${url}/disable`, right, 204],
  ])
  t.same((await ada.get('/api/auth/mfa')).json(), { totp: null, recoveryCodesLeft: 0 })
  t.equal((await nobody.post('/api/auth/login', { email: ada.email, password: PASSWORD })).statusCode, 200)
  const log = await app.db.sql<{ action: string }[]>`select action from audit_log where action like 'mfa.%' order by id`
  t.same(
    log.map(({ action }) => action),
    ['mfa.failed', 'mfa.enabled', 'mfa.recovery_codes_replaced', 'mfa.disabled'],
  )
})

t.test('SECURITY 10: a code is good once, and one step to either side; recovery codes once', async (t) => {
  holdTime(t)
  const app = await testApp(t)
  const { user, secret, recoveryCodes, first, second } = await enrolled(app)
  const login = await caller(app).post('/api/auth/login', { email: user.email, password: PASSWORD })
  t.equal(login.statusCode, 202)
  t.match(login.json(), { mfaToken: String, methods: ['totp', 'recovery_code'], expiresIn: 300 })
  t.notMatch(login.body, /accessToken|refreshToken|"user"/, 'a right password alone opens nothing')

  const rows: [name: string, code: string, status: number, error?: string][] = [
    ['two steps ago', codeOf(secret, -2), 401, 'MFA_CODE_INVALID'],
    ['two steps ahead', codeOf(secret, 2), 401, 'MFA_CODE_INVALID'],
    ['one step ago', codeOf(secret, -1), 200],
    ['the same again', codeOf(secret, -1), 401, 'MFA_CODE_INVALID'],
    ['now, with a space', codeOf(secret).replace(/^(...)/, '$1 '), 200],
    ['one step ahead', codeOf(secret, 1), 200],
    ['now, after the next', codeOf(secret), 401, 'MFA_CODE_INVALID'],
    ['a recovery code', recoveryCodes[0] as string, 200],
    ['the same again', recoveryCodes[0] as string, 401, 'MFA_CODE_INVALID'],
    ['another, written otherwise', (recoveryCodes[1] as string).toUpperCase().replaceAll('-', ' '), 200],
    ['no code', 'abc', 400, 'VALIDATION_FAILED'],
  ]
  for (const [name, code, status, error] of rows) {
    const answer = await second(await first(), code)
    t.equal(answer.statusCode, status, name)
    if (error) t.equal(answer.json().code, error, name)
    if (status === 200) {
      const { accessToken } = answer.json<{ accessToken: string }>()
      const me = await caller(app, { authorization: `Bearer ${accessToken}` }).get('/api/auth/me')
      t.match(me.json(), { id: user.id }, name)
    }
  }
  t.match((await user.get('/api/auth/mfa')).json(), { recoveryCodesLeft: 8 })
  const eve = await enrolled(app, 'eve')
  const foreign = await eve.second(await eve.first(), recoveryCodes[2] as string)
  t.equal(foreign.statusCode, 401, 'a recovery code of somebody else')
})

t.test('the token between the steps: for one sign-in, for five minutes, for nothing else', async (t) => {
  const app = await testApp(t)
  const { user, secret, recoveryCodes, first, second } = await enrolled(app)
  const mfaToken = await first()
  const asAccess = caller(app, { authorization: `Bearer ${mfaToken}` })
  t.equal((await asAccess.get('/api/auth/me')).statusCode, 401, 'no access token')
  t.equal((await caller(app).post('/api/auth/refresh', { refreshToken: mfaToken })).statusCode, 401, 'no refresh token')
  t.equal((await caller(app).post('/api/auth/email/verify', { token: mfaToken })).statusCode, 400, 'no link')
  t.equal(
    (await second(user.token.slice(0, 100), codeOf(secret))).json().code,
    'TOKEN_INVALID',
    'an access token is none',
  )
  t.equal((await second(mfaToken, wrongCode(secret))).statusCode, 401, 'a slip')
  t.equal((await second(mfaToken, codeOf(secret))).statusCode, 200, 'does not end it')
  t.equal((await second(mfaToken, codeOf(secret, 1))).json().code, 'TOKEN_INVALID', 'a sign-in does')
  const old = await first()
  await app.db.sql`update one_time_tokens set expires_at = now() - interval '1 second'`
  t.equal((await second(old, recoveryCodes[0] as string)).json().code, 'TOKEN_INVALID', 'too long ago')
  const pending = await first()
  await app.db.sql`update users set disabled_at = now() where id = ${user.id}`
  t.equal((await second(pending, recoveryCodes[0] as string)).json().code, 'ACCOUNT_DISABLED')
})

t.test(
  'SECURITY 11: of 20 parallel tries with one code exactly one succeeds, and none locks the owner out',
  async (t) => {
    holdTime(t)
    const app = await testApp(t)
    const { secret, recoveryCodes, first, second } = await enrolled(app)
    const rows: [name: string, code: () => string, sameToken: boolean][] = [
      ['one TOTP code, 20 sign-ins', () => codeOf(secret, -1), false],
      ['one recovery code, 20 sign-ins', () => recoveryCodes[0] as string, false],
      ['one TOTP code, one sign-in', () => codeOf(secret, 1), true],
      ['one recovery code, one sign-in', () => recoveryCodes[1] as string, true],
    ]
    for (const [name, code, sameToken] of rows) {
      const one = await first()
      const tokens = await Promise.all(Array.from({ length: 20 }, () => (sameToken ? one : first())))
      const answers = await Promise.all(tokens.map((token) => second(token, code())))
      t.equal(answers.filter(({ statusCode }) => statusCode === 200).length, 1, name)
      t.same(new Set(answers.map(({ statusCode }) => statusCode)), new Set([200, 401]), `${name}: no 429, no 5xx`)
    }
  },
)

t.test('SECURITY 10: five wrong codes of whatever kind lock for a quarter of an hour, and no longer', async (t) => {
  const app = await testApp(t)
  const { user, secret, recoveryCodes, first, second } = await enrolled(app)
  const guess = async (code: string) => second(await first(), code)
  const wrongRecovery = '0000-0000-0000-0000'
  const tries = await Promise.all(
    Array.from({ length: 12 }, (_, index) => guess(index % 2 ? wrongCode(secret) : wrongRecovery)),
  )
  t.equal(tries.filter(({ statusCode }) => statusCode === 401).length, 5, '12 guesses at once: five are looked at')
  t.equal(tries.filter(({ statusCode }) => statusCode === 429).length, 7)
  const locked = await guess(codeOf(secret))
  t.equal(locked.statusCode, 429, 'a right one is not either')
  const retryAfter = Number(locked.headers['retry-after'])
  t.ok(retryAfter > 14 * 60 && retryAfter <= 15 * 60, `${retryAfter} s`)
  t.equal((await guess(recoveryCodes[0] as string)).statusCode, 429, 'nor a recovery code')
  t.equal((await user.get('/api/auth/me')).statusCode, 200, 'who is signed in stays so')
  const other = await enrolled(app, 'eve')
  t.equal((await other.second(await other.first(), codeOf(other.secret))).statusCode, 200, 'others are not concerned')

  await app.db.sql`update factor_failures set locked_until = now() where user_id = ${user.id}`
  t.equal((await guess(codeOf(secret))).statusCode, 200, 'afterwards the owner is in again')
  for (let round = 0; round < 2; round += 1) {
    for (let count = 0; count < 4; count += 1) await guess(wrongCode(secret))
    await later(app)
    t.equal((await guess(codeOf(secret))).statusCode, 200, 'a right code ends the count')
  }
  const log = await app.db.sql<{ action: string; count: number }[]>`
    select action, count(*)::int as count from audit_log where action in ('mfa.failed', 'mfa.locked') and target_id = ${user.id} group by action`
  t.same(
    new Map(log.map(({ action, count }) => [action, count])),
    new Map([
      ['mfa.failed', 4 + 8],
      ['mfa.locked', 1],
    ]),
  )
})

t.test('SECURITY 9: a password reset does not get past the second factor', async (t) => {
  const smtp = await smtpServer(t)
  const app = await testApp(t, { env: { SMTP_URL: smtp.url, MAIL_FROM: 'parley@example.com' } })
  const { user, secret, first, second } = await enrolled(app)
  const nobody = caller(app)
  await nobody.post('/api/auth/password/forgot', { email: user.email })
  const mails = [await smtp.next(), await smtp.next(), await smtp.next()]
  const about = (subject: string) => mails.find((mail) => mail.subject === subject)
  t.ok(about('An authenticator app was added to your account'), 'the owner is told of the factor')
  const mail = about('Choose a new password') as Email
  const password = 'a wholly different battery'
  const answer = await nobody.post('/api/auth/password/reset', { token: tokenIn(mail), password })
  t.equal(answer.statusCode, 204)
  t.equal(answer.body, '', 'nobody is signed in by it')
  const login = await nobody.post('/api/auth/login', { email: user.email, password })
  t.equal(login.statusCode, 202, 'the code is asked for as ever')
  t.equal((await second(await first(password), codeOf(secret))).statusCode, 200)
})
