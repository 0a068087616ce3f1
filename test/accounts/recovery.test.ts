import type { FastifyInstance } from 'fastify'
import { Secret, TOTP } from 'otpauth'
import t, { type Test } from 'tap'
import { caller, PASSWORD, type Person, person, testApp } from '../helpers/app.ts'
import { type ReceivedMail, smtpServer, tokenIn } from '../helpers/smtp.ts'

type Caller = Pick<Person, 'get' | 'post' | 'patch' | 'delete'>

const NEW_PASSWORD = 'a wholly different battery'
const ACCEPTED = { status: 'accepted', detail: String }

/** An app with a mail server. Accounts of the test are made without waiting for their mails unless it wants them. */
async function world(t: Test, env: Record<string, string> = {}) {
  const smtp = await smtpServer(t)
  const app = await testApp(t, {
    env: { SMTP_URL: smtp.url, MAIL_FROM: 'parley@example.com', PUBLIC_URL: 'https://chat.example.com/', ...env },
  })
  /** Mails come in any order: those that are not asked for yet are kept. */
  const unread: ReceivedMail[] = []
  const mailTo = async (address: string, about = /./) => {
    const wanted = (mail: ReceivedMail) => mail.to?.[0]?.address === address && about.test(mail.subject ?? '')
    while (!unread.some(wanted)) unread.push(await smtp.next())
    return unread.splice(unread.findIndex(wanted), 1)[0] as ReceivedMail
  }
  /** As if the last mails had been asked for long ago. */
  const later = () => app.db.sql`update one_time_tokens set created_at = created_at - interval '2 minutes'`
  const login = (email: string, password: string) => caller(app).post('/api/auth/login', { email, password })
  return { app, smtp, mailTo, later, login, nobody: caller(app) }
}

/** How many rows each table that such a request writes has. */
async function written(app: FastifyInstance): Promise<Record<string, number>> {
  const [row] = await app.db.sql<Record<string, number>[]>`
    select (select count(*)::int from one_time_tokens) as tokens, (select count(*)::int from mails) as mails,
           (select count(*)::int from jobs) as jobs, (select count(*)::int from audit_log) as audit`
  return row ?? {}
}

const difference = (after: Record<string, number>, before: Record<string, number>) =>
  Object.fromEntries(Object.entries(after).map(([key, value]) => [key, value - (before[key] ?? 0)]))

t.test('an email is confirmed by the link of a mail, once', async (t) => {
  const { app, mailTo, later, nobody } = await world(t)
  const ada = await person(app)
  const welcome = await mailTo(ada.email)
  t.match(welcome.subject, /Confirm your email/)
  t.match(
    welcome.text,
    /https:\/\/chat\.example\.com\/account\/verify#token=[\w-]{43}\n/,
    'a link whose token no server sees',
  )
  t.match((await ada.get('/api/auth/me')).json(), { emailVerified: false })
  const token = tokenIn(welcome)
  const stored = await app.db.sql`select one_time_tokens::text as text from one_time_tokens`
  t.notMatch(JSON.stringify(stored), token, 'stored as a hash only')

  const verify = (body: object) => nobody.post('/api/auth/email/verify', body)
  const rows: [name: string, body: object, status: number, code?: string][] = [
    ['an invented token', { token: 'x'.repeat(43) }, 400, 'LINK_INVALID'],
    ['no token', {}, 400, 'VALIDATION_FAILED'],
    ['right', { token }, 200],
    ['twice', { token }, 400, 'LINK_INVALID'],
  ]
  for (const [name, body, status, code] of rows) {
    const answer = await verify(body)
    t.equal(answer.statusCode, status, name)
    if (code) t.equal(answer.json().code, code, name)
  }
  t.match((await ada.get('/api/auth/me')).json(), { emailVerified: true })

  const eve = await person(app, 'eve')
  const first = tokenIn(await mailTo(eve.email))
  t.equal(
    (await nobody.post('/api/auth/password/reset', { token: first, password: NEW_PASSWORD })).statusCode,
    400,
    'for a reset it is no token',
  )
  await app.db.sql`update one_time_tokens set expires_at = now() - interval '1 second' where user_id = ${eve.id}`
  t.equal((await verify({ token: first })).json().code, 'LINK_INVALID', 'expired')
  const resend = (email: string) => nobody.post('/api/auth/email/resend', { email })
  t.match((await resend(eve.email)).json(), ACCEPTED)
  await later()
  await resend(eve.email.toUpperCase())
  const second = tokenIn(await mailTo(eve.email))
  const parallel = await Promise.all(Array.from({ length: 20 }, () => verify({ token: second })))
  t.equal(parallel.filter(({ statusCode }) => statusCode === 200).length, 1, 'of 20 at once exactly one succeeds')
  const [life] = await app.db.sql<{ minutes: number }[]>`
    select max(extract(epoch from expires_at - created_at) / 60)::int as minutes from one_time_tokens where mailed and used_at is not null`
  t.ok((life?.minutes ?? 99) <= 62, 'good for an hour at most')
})

t.test('another email: only with the password, and only when its owner confirms it', async (t) => {
  const { app, mailTo, login, nobody } = await world(t)
  const [ada, eve] = [await person(app), await person(app, 'eve')]
  const key = (await ada.post('/api/auth/api-keys', { name: 'k', scopes: ['account:write'] })).json<{ key: string }>()
  const machine = caller(app, { authorization: `Bearer ${key.key}` })
  const url = '/api/auth/email/change'
  const body = { email: 'ada.new@example.org', currentPassword: PASSWORD }
  const rows: [name: string, as: Caller, body: object, status: number][] = [
    ['nobody', nobody, body, 401],
    ['an API key', machine, body, 403],
    ['a wrong password', ada, { ...body, currentPassword: 'wrong' }, 401],
    ['no password', ada, { email: body.email }, 400],
    ['no address', ada, { ...body, email: 'nowhere' }, 400],
    ['an email that somebody has', ada, { ...body, email: eve.email }, 202],
    ['a free one', ada, body, 202],
  ]
  for (const [name, as, body, status] of rows) {
    const answer = await as.post(url, body)
    t.equal(answer.statusCode, status, name)
    if (status === 202) t.match(answer.json(), ACCEPTED, `${name}: the same for every address`)
  }
  t.ok(await mailTo(eve.email, /have an account already/), 'whoever has the address is told')
  t.match((await ada.get('/api/auth/me')).json(), { email: ada.email }, 'nothing has changed yet')
  const link = tokenIn(await mailTo('ada.new@example.org'))
  t.match((await nobody.post('/api/auth/email/verify', { token: link })).json(), { email: 'ada.new@example.org' })
  t.match(
    await mailTo(ada.email, /changed/),
    { subject: 'Your email was changed', text: /ada\.new@example\.org/ },
    'the former address is told',
  )
  t.match((await ada.get('/api/auth/me')).json(), { email: 'ada.new@example.org', emailVerified: true })
  t.equal((await login('ada.new@example.org', PASSWORD)).statusCode, 200)
  t.equal((await login(ada.email, PASSWORD)).statusCode, 401)

  await eve.post(url, { email: 'contested@example.org', currentPassword: PASSWORD })
  const contested = tokenIn(await mailTo('contested@example.org'))
  await nobody.post('/api/auth/register', { email: 'contested@example.org', password: PASSWORD })
  t.equal((await nobody.post('/api/auth/email/verify', { token: contested })).json().code, 'EMAIL_TAKEN')
})

t.test(
  'SECURITY 9, 11: a reset is good once and for a short time, ends the sessions, and is hashed at rest',
  async (t) => {
    const { app, mailTo, later, login, nobody } = await world(t)
    const ada = await person(app)
    const forgot = (email: string) => nobody.post('/api/auth/password/forgot', { email })
    t.equal((await forgot('nowhere')).statusCode, 400)
    t.equal((await forgot(ada.email)).statusCode, 202)
    const mail = await mailTo(ada.email, /new password/)
    t.match(mail.text, /https:\/\/chat\.example\.com\/account\/reset#token=/)
    const token = tokenIn(mail)
    t.ok(Buffer.from(token, 'base64url').length >= 16, 'at least 128 bits')
    const stored = await app.db.sql`select one_time_tokens::text as text from one_time_tokens`
    t.notMatch(JSON.stringify(stored), token, 'stored as a hash only')
    const [life] = await app.db.sql<{ minutes: number }[]>`
    select extract(epoch from expires_at - created_at)::int / 60 as minutes from one_time_tokens where purpose = 'password.reset'`
    t.equal(life?.minutes, 30)

    const reset = (token: string, password = NEW_PASSWORD) =>
      nobody.post('/api/auth/password/reset', { token, password })
    const rows: [name: string, token: string, password: string, status: number, code: string][] = [
      ['an invented token', 'y'.repeat(43), NEW_PASSWORD, 400, 'LINK_INVALID'],
      ['a short password', token, 'short', 400, 'VALIDATION_FAILED'],
      ['a password that everybody has', token, 'password1', 400, 'VALIDATION_FAILED'],
      ['the own email', token, ada.email, 400, 'VALIDATION_FAILED'],
    ]
    for (const [name, token, password, status, code] of rows) {
      const answer = await reset(token, password)
      t.equal(answer.statusCode, status, name)
      t.equal(answer.json().code, code, name)
    }
    const parallel = await Promise.all(
      Array.from({ length: 20 }, (_, index) => reset(token, `${NEW_PASSWORD} ${index}`)),
    )
    const winners = parallel.flatMap(({ statusCode }, index) => (statusCode === 204 ? [index] : []))
    t.equal(winners.length, 1, 'of 20 at once exactly one succeeds')
    t.ok(parallel.every(({ statusCode }) => statusCode === 204 || statusCode === 400))
    t.equal((await ada.get('/api/auth/me')).statusCode, 401, 'all sessions are ended')
    t.equal((await login(ada.email, PASSWORD)).statusCode, 401, 'the old password is gone')
    const again = await login(ada.email, `${NEW_PASSWORD} ${winners[0]}`)
    t.match(again.json(), { user: { emailVerified: true } }, 'whoever opened the mail owns the address')
    t.ok(await mailTo(ada.email, /Your password was changed/), 'the owner is told')

    await later()
    await forgot(ada.email)
    const older = tokenIn(await mailTo(ada.email, /new password/))
    await later()
    await forgot(ada.email)
    const newer = tokenIn(await mailTo(ada.email, /new password/))
    t.equal((await reset(newer)).statusCode, 204)
    t.equal((await reset(older)).statusCode, 400, 'one reset ends the other links')
    await later()
    await forgot(ada.email)
    const late = tokenIn(await mailTo(ada.email, /new password/))
    await app.db.sql`update one_time_tokens set expires_at = now() - interval '1 second'`
    t.equal((await reset(late)).statusCode, 400, 'expired')
    const log = await app.db.sql<
      { action: string }[]
    >`select distinct action from audit_log where action like 'account.%reset%'`
    t.same(log.map(({ action }) => action).sort(), ['account.password_reset', 'account.reset_requested'])
  },
)

t.test(
  'SECURITY 9: a changed password ends the reset links that were mailed before, and nobody else their own',
  async (t) => {
    const { app, mailTo, nobody } = await world(t)
    const [ada, eve] = [await person(app), await person(app, 'eve')]
    const linkOf = async (email: string) => {
      t.equal((await nobody.post('/api/auth/password/forgot', { email })).statusCode, 202)
      return tokenIn(await mailTo(email, /new password/))
    }
    const [own, other] = [await linkOf(ada.email), await linkOf(eve.email)]
    const change = (currentPassword: string) =>
      ada.post('/api/auth/password/change', { currentPassword, newPassword: NEW_PASSWORD })
    const reset = (token: string) =>
      nobody.post('/api/auth/password/reset', { token, password: 'of somebody who reads mails' })
    t.equal((await change('not the password')).statusCode, 401)
    const [{ open = 0 } = {}] = await app.db.sql<{ open: number }[]>`
    select count(*)::int as open from one_time_tokens where purpose = 'password.reset' and used_at is null`
    t.equal(open, 2, 'a try with a wrong password ends nothing')
    t.equal((await change(PASSWORD)).statusCode, 204)
    t.match((await reset(own)).json(), { status: 400, code: 'LINK_INVALID' })
    t.equal((await ada.get('/api/auth/me')).statusCode, 200, 'who changed it stays signed in')
    t.equal((await reset(other)).statusCode, 204)
  },
)

t.test('SECURITY 9: a new password ends whatever was begun with the former one', async (t) => {
  const { app, mailTo, later, login, nobody } = await world(t)
  const ways: [name: string, choose: (ada: Person, password: string) => Promise<{ statusCode: number }>][] = [
    [
      'changed',
      (ada, newPassword) => ada.post('/api/auth/password/change', { currentPassword: PASSWORD, newPassword }),
    ],
    [
      'reset',
      async ({ email }, password) => {
        await nobody.post('/api/auth/password/forgot', { email })
        const token = tokenIn(await mailTo(email, /new password/))
        return nobody.post('/api/auth/password/reset', { token, password })
      },
    ],
  ]
  for (const [name, choose] of ways) {
    const ada = await person(app)
    const thief = `thief-${name}@example.org`
    // Somebody else knew the password, and had an email of their own confirmed last.
    await ada.post('/api/auth/email/change', { email: thief, currentPassword: PASSWORD })
    const link = tokenIn(await mailTo(thief))
    const { secret } = (await ada.post('/api/auth/mfa/totp', { currentPassword: PASSWORD })).json<{ secret: string }>()
    const code = () => new TOTP({ secret: Secret.fromBase32(secret) }).generate()
    await ada.post('/api/auth/mfa/totp/confirm', { code: code() })
    await app.db.sql`update totp_factors set last_step = 0`
    const { mfaToken } = (await login(ada.email, PASSWORD)).json<{ mfaToken: string }>()
    await later()
    t.equal((await choose(ada, NEW_PASSWORD)).statusCode, 204, name)
    t.match((await nobody.post('/api/auth/email/verify', { token: link })).json(), { code: 'LINK_INVALID' }, name)
    const second = await nobody.post('/api/auth/mfa/totp/login', { mfaToken, code: code() })
    t.match(second.json(), { status: 401, code: 'TOKEN_INVALID' }, `${name}: nor does a second step go on`)
    t.equal((await login(thief, NEW_PASSWORD)).statusCode, 401, `${name}: the email is the owner's still`)
    t.equal((await login(ada.email, NEW_PASSWORD)).statusCode, 202)
  }
})

t.test('SECURITY 9: a sign-in that is under way while the password is changed opens no session', async (t) => {
  const { app, login } = await world(t)
  const ada = await person(app)
  const { sql } = app.db
  const renewed = await app.passwords.hash(NEW_PASSWORD)
  const [{ stored } = { stored: '' }] = await sql<{ stored: string }[]>`
    select password_hash as stored from users where id = ${ada.id}`
  const sessions = async () =>
    (await sql`select 1 from sessions where user_id = ${ada.id} and revoked_at is null`).length
  /** Signs in with the old password while the hash is being replaced, and is not to be seen yet. */
  const during = async (hash: string) => {
    let begun: ReturnType<typeof login> | undefined
    await sql.begin(async (tx) => {
      await tx`update users set password_hash = ${hash} where id = ${ada.id}`
      begun = login(ada.email, PASSWORD)
      // Asked on another connection: within a transaction, what is seen of the others stays as it was at the first look.
      for (let waiting = 0; waiting === 0; ) {
        const rows =
          await sql`select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
        waiting = rows.length
      }
    })
    return begun
  }
  const before = await sessions()
  t.match((await during(renewed))?.json(), { status: 401, code: 'INVALID_CREDENTIALS' })
  t.equal(await sessions(), before, 'whoever had the old password is out')
  await sql`update users set password_hash = ${stored} where id = ${ada.id}`
  const stronger = await app.passwords.hash(PASSWORD)
  t.equal((await during(stronger))?.statusCode, 200, 'another hash of the same password does no harm')
})

t.test('SECURITY 7: who asks for a mail learns nothing, whatever address is named', async (t) => {
  const { app, smtp, nobody } = await world(t)
  const ada = await person(app)
  const gone = await person(app, 'gone')
  await app.db.sql`update users set disabled_at = now() where id = ${gone.id}`
  for (const path of ['/api/auth/password/forgot', '/api/auth/email/resend']) {
    const answers: Record<string, unknown>[] = []
    for (const email of [ada.email, gone.email, 'unknown@example.org', ada.email]) {
      const before = await written(app)
      const { statusCode, body, headers } = await nobody.post(path, { email })
      const { date: _d, 'x-request-id': _r, ...same } = headers
      const limits = Object.keys(same).filter((name) => name.startsWith('ratelimit'))
      for (const name of limits) delete same[name]
      answers.push({ statusCode, body, same, writes: difference(await written(app), before) })
    }
    for (const answer of answers)
      t.same(answer, answers[0], `${path}: status, body, headers and what is written are the same`)
    t.match(answers[0], { statusCode: 202, writes: { tokens: 1, mails: 1, jobs: 1, audit: 1 } })
  }
  for (;;) {
    const open = await app.db.sql`select 1 from jobs where name = 'mail.send' and state in ('queued', 'active')`
    if (open.length === 0) break
    await new Promise((resolve) => setImmediate(resolve))
  }
  const subjects = smtp.received.map(({ to, subject }) => `${to?.[0]?.address}: ${subject}`)
  t.notOk(
    subjects.some((line) => line.startsWith('unknown')),
    'nothing is sent to who has no account',
  )
  t.equal(
    subjects.filter((line) => line === `${ada.email}: Choose a new password`).length,
    1,
    'and one mail a minute to who has',
  )
})

t.test('REQUIRE_EMAIL_VERIFICATION: no account before its email is confirmed, the same answer for all', async (t) => {
  const { app, mailTo, later, login, nobody } = await world(t, { REQUIRE_EMAIL_VERIFICATION: 'true' })
  const register = (email: string, password = PASSWORD) =>
    nobody.post('/api/auth/register', { email, password, name: 'Ada' })
  const before = await written(app)
  const fresh = await register('ada@example.org')
  t.equal(fresh.statusCode, 202)
  t.match(fresh.json(), ACCEPTED)
  const first = difference(await written(app), before)
  const link = tokenIn(await mailTo('ada@example.org'))
  t.same(await app.db.sql`select id from users`, [], 'there is no account yet')
  t.equal((await login('ada@example.org', PASSWORD)).json().code, 'INVALID_CREDENTIALS')
  await later()
  await register('ada@example.org', 'another password of mine')
  const other = tokenIn(await mailTo('ada@example.org'))
  t.match((await nobody.post('/api/auth/email/verify', { token: link })).json(), { email: 'ada@example.org' })
  t.match((await login('ada@example.org', PASSWORD)).json(), {
    user: { emailVerified: true, name: 'Ada' },
    accessToken: String,
  })
  t.equal(
    (await nobody.post('/api/auth/email/verify', { token: other })).json().code,
    'EMAIL_TAKEN',
    'the first confirmation counts',
  )

  await later()
  const start = await written(app)
  const taken = await register('ADA@example.org')
  t.same([taken.statusCode, taken.body], [fresh.statusCode, fresh.body], 'a taken email gets the same answer')
  t.same(difference(await written(app), start), first, 'after the same work')
  t.ok(await mailTo('ADA@example.org', /have an account already/), 'the mail tells the rest')

  const bob = await app.accounts.provision({ email: 'bob@example.org', password: PASSWORD, role: 'user', tier: 'free' })
  t.equal((await login(bob.email, PASSWORD)).statusCode, 200, 'who an operator made needs no mail')
  await app.db.sql`update users set email_verified = false where id = ${bob.id}`
  t.equal((await login(bob.email, PASSWORD)).json().code, 'EMAIL_UNVERIFIED', 'an older, unconfirmed account waits')
  t.equal((await login(bob.email, 'wrong password')).json().code, 'INVALID_CREDENTIALS', 'which only its owner is told')
  await nobody.post('/api/auth/email/resend', { email: bob.email })
  await nobody.post('/api/auth/email/verify', { token: tokenIn(await mailTo(bob.email)) })
  t.equal((await login(bob.email, PASSWORD)).statusCode, 200)
})
