import t from 'tap'
import { caller, person } from '../helpers/app.ts'
import { browserTest } from '../helpers/browser.ts'
import { oidcProvider } from '../helpers/oidc.ts'
import { isLive, NAMELESS, PASSWORD, signUp, site, TOO_WIDE, toSignIn, typeCredentials } from './world.ts'

const NEW_PASSWORD = 'a wholly different battery'

browserTest(t, 'an email is confirmed by its link, after a click, once', async (t, browser) => {
  const { app, complaints, visit, linkTo, url } = await site(t, browser)
  const page = await visit()
  const email = await signUp(page, 'Ada')
  const link = await linkTo(email, /Confirm your email/)

  await page.goto(link)
  await page.getByRole('heading', { name: 'Confirm your email' }).waitFor()
  t.same(await page.evaluate(NAMELESS), [])
  const confirmed = async () =>
    (await app.db.sql`select email_verified as yes from users where email = ${email}`)[0]?.yes
  t.equal(await confirmed(), false, 'a program that looks at the link confirms nothing')
  await page.getByRole('button', { name: 'Confirm this email' }).click()
  await page.getByRole('heading', { name: 'Your email is confirmed' }).waitFor()
  t.equal(await page.evaluate('document.activeElement.textContent'), 'Your email is confirmed', 'read on from there')
  t.equal(await confirmed(), true)
  t.equal(page.url(), `${url}/account/verify`, 'the token is gone from the address')
  await page.getByRole('link', { name: 'Go on' }).click()
  await isLive(page)

  const stranger = await visit({}, link.slice(url.length))
  await stranger.getByRole('button', { name: 'Confirm this email' }).click()
  await stranger.getByRole('heading', { name: 'This link is not good any more' }).waitFor()
  await stranger.getByLabel('Email').fill('somebody@example.org')
  await stranger.getByRole('button', { name: 'Send the mail again' }).click()
  await stranger.getByRole('heading', { name: 'Look for the mail' }).waitFor()
  await stranger.getByText('somebody@example.org').waitFor()
  await stranger.goto(`${url}/account/verify`)
  await stranger.getByRole('heading', { name: 'This link is not good any more' }).waitFor()
  t.same(complaints, [])
})

browserTest(t, 'a forgotten password: asked for, mailed, chosen anew', async (t, browser) => {
  const { complaints, visit, linkTo } = await site(t, browser)
  const page = await visit()
  const email = await signUp(page, 'Ada')
  await toSignIn(page)
  await page.getByRole('link', { name: 'Forgotten your password?' }).click()
  await page.getByRole('heading', { name: 'Forgotten your password?' }).waitFor()
  t.same(await page.evaluate(NAMELESS), [])
  await page.getByLabel('Email').fill(email)
  await page.getByRole('button', { name: 'Send me a link' }).click()
  await page.getByRole('heading', { name: 'Look for the mail' }).waitFor()

  const link = await linkTo(email, /Choose a new password/)
  const phone = await visit(
    { viewport: { width: 360, height: 720 }, colorScheme: 'dark' },
    new URL(link).pathname + new URL(link).hash,
  )
  await phone.getByRole('heading', { name: 'Choose a new password' }).waitFor()
  t.equal(await phone.evaluate(TOO_WIDE), false, 'it fits a phone')
  await phone.getByLabel('New password', { exact: true }).fill('password1')
  await phone.getByRole('button', { name: 'Set the new password' }).click()
  await phone.locator('form [role=alert]').waitFor()
  t.equal(await phone.evaluate('document.activeElement.name'), 'password', 'the focus is where something is to be done')
  t.equal(await phone.getByLabel('New password', { exact: true }).getAttribute('aria-invalid'), 'true')
  await phone.getByLabel('New password', { exact: true }).fill(NEW_PASSWORD)
  await phone.getByRole('button', { name: 'Set the new password' }).click()
  await phone.getByRole('heading', { name: 'Your password is changed' }).waitFor()
  await phone.getByRole('link', { name: 'Sign in' }).click()
  await phone.getByRole('button', { name: 'I have an account already' }).click()
  await typeCredentials(phone, email, PASSWORD)
  await phone.getByText('Email or password is wrong.').waitFor()
  await typeCredentials(phone, email, NEW_PASSWORD)
  await isLive(phone)

  await page.goto(link)
  await page.getByLabel('New password', { exact: true }).fill(NEW_PASSWORD)
  await page.getByRole('button', { name: 'Set the new password' }).click()
  await page.getByRole('heading', { name: 'This link is not good any more' }).waitFor()
  t.same(complaints, [])
})

browserTest(t, 'where emails must be confirmed, the page says so and goes on from the mail', async (t, browser) => {
  const { complaints, visit, linkTo } = await site(t, browser, () => ({ REQUIRE_EMAIL_VERIFICATION: 'true' }))
  const page = await visit()
  const email = `grace-${crypto.randomUUID()}@example.org`
  await page.getByLabel('Your name').fill('Grace')
  await page.getByLabel('Email').fill(email)
  await page.getByLabel('Password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Create account' }).click()
  await page.getByRole('heading', { name: 'One more step: your mail' }).waitFor()
  await page.getByText(email).waitFor()
  await page.goto(await linkTo(email, /Confirm your email/))
  await page.getByRole('button', { name: 'Confirm this email' }).click()
  await page.getByRole('link', { name: 'Sign in' }).click()
  await page.getByRole('button', { name: 'I have an account already' }).click()
  await typeCredentials(page, email)
  await isLive(page)
  t.same(complaints, [])
})

browserTest(t, 'the first administrator, by the link of the first start', async (t, browser) => {
  const { app, complaints, visit, url } = await site(t, browser)
  const token = await app.setup.issue()
  const page = await visit({}, '/#setup=not-the-token')
  await page.getByRole('heading', { name: 'Create the administrator' }).waitFor()
  const create = async () => {
    await page.getByLabel('Your name').fill('Ada')
    await page.getByLabel('Email').fill('ada@example.org')
    await page.getByLabel('Password').fill(PASSWORD)
    await page.getByRole('button', { name: 'Create account' }).click()
  }
  await create()
  await page.getByText('This set-up link is not good any more.').waitFor()
  await page.goto(`${url}/#setup=${token}`)
  await create()
  await isLive(page)
  t.equal(page.url(), `${url}/`, 'the token is gone from the address')
  t.same(await app.db.sql`select email, role from users`, [{ email: 'ada@example.org', role: 'admin' }])
  t.same(complaints, [])
})

browserTest(t, 'an invitation: for a new account, for the right one, and for somebody else', async (t, browser) => {
  const { app, complaints, visit, linkTo, url } = await site(t, browser)
  const host = await person(app, 'host')
  const email = `guest-${crypto.randomUUID()}@example.org`
  const elsewhere = `elsewhere-${crypto.randomUUID()}@example.org`
  const invite = async (title: string, to: string) => {
    const { id } = (await host.post('/api/conversations', { title })).json<{ id: string }>()
    await host.post(`/api/conversations/${id}/members`, { email: to })
    return { id, link: await linkTo(to, new RegExp(`invites you to ${title}`)) }
  }
  const tea = await invite('Tea room', email)
  const coffee = await invite('Coffee room', elsewhere)
  const water = await invite('Water room', elsewhere)

  const page = await visit({}, tea.link.slice(url.length))
  await page.getByText('host invites you to Tea room').waitFor()
  t.same(await page.evaluate(NAMELESS), [])
  t.equal(await page.getByLabel('Email').inputValue(), email, 'the email needs not be typed')
  await page.getByLabel('Your name').fill('Guest')
  await page.getByLabel('Password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Create account' }).click()
  await page.getByRole('heading', { name: 'Tea room' }).waitFor()
  t.equal(page.url(), `${url}/c/${tea.id}`)

  const other = await visit({}, tea.link.slice(url.length))
  await other.getByText('This invitation was used or taken back').waitFor()
  await other.getByRole('link', { name: 'Go on' }).click()
  const second = await signUp(other, 'Second')
  await other.goto(coffee.link)
  await other.getByRole('heading', { name: 'This invitation is for somebody else' }).waitFor()
  await other.getByText(`you are signed in as ${second}`).waitFor()
  await other.getByRole('button', { name: 'Use the other account' }).click()
  await other.getByRole('heading', { name: 'Create your account' }).waitFor()
  t.equal(await other.getByLabel('Email').inputValue(), elsewhere)

  // As if it were the account of whoever was invited.
  await app.db.sql`update users set email = ${elsewhere} where email = ${second}`
  await other.getByRole('button', { name: 'I have an account already' }).click()
  await typeCredentials(other, elsewhere)
  await other.getByRole('heading', { name: 'Coffee room' }).waitFor()
  await other.goto(water.link)
  await other.getByRole('button', { name: 'Join Water room' }).click()
  await other.getByRole('heading', { name: 'Water room' }).waitFor()
  t.same(complaints, [])
})

browserTest(
  t,
  'an invitation waits for its account: over a mail, and over an identity provider',
  async (t, browser) => {
    let provider!: Awaited<ReturnType<typeof oidcProvider>>
    const { app, complaints, visit, linkTo, url } = await site(t, browser, async (origin) => {
      provider = await oidcProvider(t, `${origin}/api/auth/oauth/local/callback`)
      const { issuer, client_id: clientId, client_secret: clientSecret } = provider
      const entry = { name: 'local', label: 'Teahouse', issuer, clientId, clientSecret }
      return { OIDC_PROVIDERS: JSON.stringify([entry]), REQUIRE_EMAIL_VERIFICATION: 'true' }
    })
    const name = { email: 'host@example.org', password: PASSWORD, name: 'host' }
    await app.accounts.provision({ ...name, role: 'user', tier: 'free' })
    const login = await caller(app).post('/api/auth/login', { email: name.email, password: PASSWORD })
    const host = caller(app, { authorization: `Bearer ${login.json<{ accessToken: string }>().accessToken}` })
    const invite = async (title: string, to: string) => {
      const { id } = (await host.post('/api/conversations', { title })).json<{ id: string }>()
      await host.post(`/api/conversations/${id}/members`, { email: to })
      return (await linkTo(to, new RegExp(`invites you to ${title}`))).slice(url.length)
    }
    const [email, elsewhere] = ['guest@example.org', 'elsewhere@example.org']

    const page = await visit({}, await invite('Tea room', email))
    await page.getByLabel('Your name').fill('Guest')
    await page.getByLabel('Password').fill(PASSWORD)
    await page.getByRole('button', { name: 'Create account' }).click()
    await page.getByRole('heading', { name: 'One more step: your mail' }).waitFor()
    const tab = await visit(page.context(), (await linkTo(email, /Confirm your email/)).slice(url.length))
    await tab.getByRole('button', { name: 'Confirm this email' }).click()
    await tab.getByRole('link', { name: 'Sign in' }).click()
    await tab.getByRole('button', { name: 'I have an account already' }).click()
    await typeCredentials(tab, email)
    await tab.getByText('host invites you to Tea room').waitFor()
    await tab.getByRole('button', { name: 'Join Tea room' }).click()
    await tab.getByRole('heading', { name: 'Tea room' }).waitFor()

    const other = await visit({}, await invite('Coffee room', elsewhere))
    provider.signsIn({ sub: 'e-1', email: elsewhere, email_verified: true, name: 'Else' })
    await other.getByRole('button', { name: 'Continue with Teahouse' }).click()
    await other.getByRole('button', { name: 'Join Coffee room' }).click()
    await other.getByRole('heading', { name: 'Coffee room' }).waitFor()
    await other.goto(url)
    await isLive(other)

    const third = await visit({}, await invite('Water room', 'nobody@example.org'))
    provider.signsIn({ sub: 'e-1', email: elsewhere, email_verified: true })
    await third.getByRole('button', { name: 'Continue with Teahouse' }).click()
    await third.getByRole('heading', { name: 'This invitation is for somebody else' }).waitFor()
    await third.getByRole('button', { name: 'Not now' }).click()
    await isLive(third)
    await third.reload()
    await isLive(third)
    t.same(complaints, [])
  },
)
