import { Secret, TOTP } from 'otpauth'
import type { Page } from 'playwright-core'
import t from 'tap'
import { encode } from 'uqr'
import { browserTest } from '../helpers/browser.ts'
import { oidcProvider } from '../helpers/oidc.ts'
import { isLive, NAMELESS, PASSWORD, signUp, site, TOO_WIDE, toSignIn, typeCredentials } from './world.ts'

const NEW_PASSWORD = 'a wholly different battery'

const codeOf = (secret: string, steps = 0) =>
  new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: Date.now() + steps * 30_000 })

/** A part of the settings. */
const part = (page: Page, name: string) => page.getByRole('region', { name, exact: true })

async function openSettings(page: Page, name: string): Promise<void> {
  await page.getByRole('link', { name: `Settings of ${name}` }).click()
  await page.getByRole('heading', { name: 'Settings', level: 1 }).waitFor()
}

/** Gives this page's browser a device that can keep passkeys, whose owner always agrees. */
async function addAuthenticator(page: Page): Promise<void> {
  const cdp = await page.context().newCDPSession(page)
  await cdp.send('WebAuthn.enable')
  await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  })
}

browserTest(t, 'two-step sign-in: set up, used with app and recovery code, removed', async (t, browser) => {
  const { complaints, visit } = await site(t, browser)
  const page = await visit()
  const email = await signUp(page, 'Ada')
  await openSettings(page, 'Ada')
  const twoStep = part(page, 'Two-step sign-in')
  const password = twoStep.getByLabel('Current password')
  await twoStep.getByRole('button', { name: 'Set up an app' }).click()
  await password.fill('wrong')
  await twoStep.getByRole('button', { name: 'Go on' }).click()
  await twoStep.getByText('The current password is wrong.').waitFor()
  await password.fill(PASSWORD)
  await twoStep.getByRole('button', { name: 'Go on' }).click()
  const secret = (await twoStep.getByLabel('Key for the app').textContent())?.replaceAll(' ', '') ?? ''
  const link = await twoStep.getByRole('link', { name: 'Open in an app on this device' }).getAttribute('href')
  t.equal(new URL(link ?? '').searchParams.get('secret'), secret)
  const picture = twoStep.getByRole('img', { name: 'The key as a QR code' })
  const { data, size } = encode(link ?? '', { ecc: 'M', border: 4 })
  t.equal(await picture.getAttribute('viewBox'), `0 0 ${size} ${size}`)
  const modules = [...((await picture.locator('path').getAttribute('d')) ?? '').matchAll(/M(\d+) (\d+)h1v1h-1z/g)]
  const drawn = Array.from({ length: size }, () => Array<boolean>(size).fill(false))
  for (const [, x, y] of modules) (drawn[Number(y)] as boolean[])[Number(x)] = true
  t.same(drawn, data, 'the picture says what the link says')
  const first = codeOf(secret)
  await twoStep.getByLabel('First code of the app').fill(first)
  await twoStep.getByRole('button', { name: 'Turn it on' }).click()
  const codes = (await twoStep.getByLabel('Recovery codes', { exact: true }).textContent())?.split('\n') ?? []
  t.equal(codes.length, 10)
  t.same(await page.evaluate(NAMELESS), [])
  await twoStep.getByRole('button', { name: 'I have kept them' }).click()
  await twoStep.getByText('10 recovery codes left.').waitFor()

  await toSignIn(page)
  await typeCredentials(page, email)
  await page.getByRole('heading', { name: 'One more step' }).waitFor()
  t.same(await page.evaluate(NAMELESS), [])
  const code = page.getByLabel('Code of your authenticator app')
  t.equal(await page.evaluate('document.activeElement.name'), 'code', 'the code can be typed at once')
  await code.fill(first)
  await page.getByRole('button', { name: 'Confirm', exact: true }).click()
  await page.getByText('This code is wrong or was used already.').waitFor()
  const right = codeOf(secret, 1)
  await code.fill(`${right.slice(0, 3)} ${right.slice(3)}`)
  await page.getByRole('button', { name: 'Confirm', exact: true }).click()
  await isLive(page)

  await toSignIn(page)
  await typeCredentials(page, email)
  await page.getByRole('button', { name: 'Use a recovery code' }).click()
  await page.getByLabel('Recovery code').fill(codes[0] ?? '')
  await page.getByRole('button', { name: 'Confirm', exact: true }).click()
  await isLive(page)
  await openSettings(page, 'Ada')
  await twoStep.getByText('9 recovery codes left.').waitFor()

  await twoStep.getByRole('button', { name: 'New recovery codes' }).click()
  await password.fill(PASSWORD)
  await twoStep.getByRole('button', { name: 'Make new codes' }).click()
  const renewed = (await twoStep.getByLabel('Recovery codes', { exact: true }).textContent())?.split('\n') ?? []
  t.notOk(renewed.some((one) => codes.includes(one)))
  await twoStep.getByRole('button', { name: 'I have kept them' }).click()
  await twoStep.getByText('10 recovery codes left.').waitFor()
  await twoStep.getByRole('button', { name: 'Remove', exact: true }).click()
  await password.fill(PASSWORD)
  await twoStep.getByRole('button', { name: 'Remove the app' }).click()
  await twoStep.getByText('The authenticator app is removed.').waitFor()
  await twoStep.getByRole('button', { name: 'Set up an app' }).waitFor()
  t.same(complaints, [])
})

browserTest(t, 'passkeys: made, used in place of password and code, removed', async (t, browser) => {
  const { app, complaints, visit } = await site(t, browser)
  const page = await visit()
  await addAuthenticator(page)
  const email = await signUp(page, 'Ada')
  await openSettings(page, 'Ada')
  const passkeys = part(page, 'Passkeys')
  await passkeys.getByText('None yet.').waitFor()
  await passkeys.getByText('Make a passkey').first().click()
  await passkeys.getByLabel('Name for it').fill('My laptop')
  await passkeys.getByLabel('Current password').fill(PASSWORD)
  await passkeys.getByRole('button', { name: 'Make a passkey' }).click()
  await passkeys.getByText('The passkey is made.').waitFor()
  await passkeys.getByText('My laptop').waitFor()

  await page.getByRole('button', { name: 'Sign out', exact: true }).click()
  await page.getByRole('button', { name: 'Use a passkey' }).click()
  await isLive(page)
  await openSettings(page, 'Ada')
  await passkeys.getByText(/last used/).waitFor()
  // As if the sign-in had been a while ago.
  await app.db.sql`update sessions set created_at = created_at - interval '11 minutes'`
  await passkeys.getByRole('button', { name: 'Remove My laptop' }).click()
  await passkeys.getByRole('button', { name: 'Really remove My laptop?' }).click()
  await passkeys.getByText('You signed in a while ago.').waitFor()
  const again = passkeys.locator('#again-currentPassword')
  await again.fill('wrong')
  await passkeys.getByRole('button', { name: 'Remove the passkey' }).click()
  await passkeys.getByText('The current password is wrong.').waitFor()
  await again.fill(PASSWORD)
  await passkeys.getByRole('button', { name: 'Remove the passkey' }).click()
  await passkeys.getByText('None yet.').waitFor()

  await page.getByRole('button', { name: 'Sign out', exact: true }).click()
  await page.getByRole('button', { name: 'Use a passkey' }).click()
  await page.getByText('This passkey was not accepted. Use another one, or your password.').waitFor()
  await page.getByRole('button', { name: 'I have an account already' }).click()
  await typeCredentials(page, email)
  await isLive(page)
  t.same(complaints, [])
})

browserTest(t, 'an identity provider: signed in, refused, linked, unlinked', async (t, browser) => {
  let provider!: Awaited<ReturnType<typeof oidcProvider>>
  const { complaints, visit, url } = await site(t, browser, async (origin) => {
    provider = await oidcProvider(t, `${origin}/api/auth/oauth/local/callback`)
    const { issuer, client_id: clientId, client_secret: clientSecret } = provider
    return { OIDC_PROVIDERS: JSON.stringify([{ name: 'local', label: 'Teahouse', issuer, clientId, clientSecret }]) }
  })
  const grace = { sub: 'g-1', email: 'grace@example.org', email_verified: true, name: 'Grace Hopper' }
  provider.signsIn(grace)
  const page = await visit()
  await page.getByRole('button', { name: 'Continue with Teahouse' }).click()
  await isLive(page)
  await page.getByRole('link', { name: 'Settings of Grace Hopper' }).waitFor()
  t.equal(page.url(), `${url}/`, 'no code is left in the address')

  const other = await visit({})
  const email = await signUp(other, 'Ada')
  await other.getByRole('button', { name: 'Sign out', exact: true }).click()
  provider.signsIn(grace, true)
  await other.getByRole('button', { name: 'Continue with Teahouse' }).click()
  await other.getByText('The other site did not confirm who you are, or you said no there.').waitFor()
  await other.getByRole('link', { name: 'To the sign-in page' }).click()
  const ada = { sub: 'a-1', email, email_verified: true }
  provider.signsIn(ada)
  await other.getByRole('button', { name: 'Continue with Teahouse' }).click()
  await other.getByText('There is an account with this email already.').waitFor()
  await other.goto(`${url}/account/oauth#code=of-somebody-elses-browser`)
  await other.getByText('This took too long, or was begun in another tab.').waitFor()

  await other.getByRole('link', { name: 'To the sign-in page' }).click()
  await other.getByRole('button', { name: 'I have an account already' }).click()
  await typeCredentials(other, email)
  await isLive(other)
  await openSettings(other, 'Ada')
  const sites = part(other, 'Other sites')
  await sites.getByRole('button', { name: 'Link Teahouse' }).click()
  await sites.getByLabel('Current password').fill(PASSWORD)
  await sites.locator('form').getByRole('button', { name: 'Link Teahouse' }).click()
  await sites.getByRole('button', { name: 'Unlink Teahouse' }).waitFor()
  await sites.getByText(email).waitFor()
  await other.getByRole('button', { name: 'Sign out', exact: true }).click()
  await other.getByRole('button', { name: 'Continue with Teahouse' }).click()
  await isLive(other)
  await openSettings(other, 'Ada')
  await sites.getByRole('button', { name: 'Unlink Teahouse' }).click()
  await sites.getByRole('button', { name: 'Really unlink Teahouse?' }).click()
  await sites.getByText('None yet.').waitFor()
  t.same(complaints, [])
})

browserTest(t, 'settings: email, password, devices, API keys; on a phone too', async (t, browser) => {
  const { complaints, visit, linkTo, url } = await site(t, browser)
  const page = await visit()
  const email = await signUp(page, 'Ada')
  const phone = await visit({ viewport: { width: 360, height: 720 }, colorScheme: 'dark', hasTouch: true })
  await phone.getByRole('button', { name: 'I have an account already' }).click()
  await typeCredentials(phone, email)
  await isLive(phone)
  await openSettings(phone, 'Ada')
  await part(phone, 'Signed-in devices').getByText('This device').waitFor()
  t.equal(await phone.evaluate(TOO_WIDE), false, 'the settings fit a phone')

  await openSettings(page, 'Ada')
  t.same(await page.evaluate(NAMELESS), [])
  const mail = part(page, 'Email')
  await mail.getByText('Not confirmed').waitFor()
  await mail.getByText('Use another email').first().click()
  const moved = `moved-${email}`
  await mail.getByLabel('New email').fill(moved)
  await mail.getByLabel('Current password').fill(PASSWORD)
  await mail.getByRole('button', { name: 'Use another email' }).click()
  await mail.getByText(`If ${moved} can be used`).waitFor()

  await page.goto(await linkTo(moved, /Confirm your new email/))
  await page.getByRole('button', { name: 'Confirm this email' }).click()
  await page.getByText(moved).waitFor()
  await page.getByRole('link', { name: 'Go on' }).click()
  await isLive(page)
  await openSettings(page, 'Ada')
  const devices = part(page, 'Signed-in devices')
  const end = devices.getByRole('button', { name: /^Sign out (?!everywhere)/ })
  await end.click()
  await devices.getByRole('button', { name: /^Really sign out (?!everywhere)/ }).click()
  await phone.getByText('Your session has ended. Sign in again to go on.').waitFor()
  await end.waitFor({ state: 'detached' })

  const keys = part(page, 'API keys')
  await keys.getByText('Make a key').first().click()
  await keys.getByLabel('Name').fill('build server')
  await keys.getByRole('button', { name: 'Make a key' }).click()
  await keys.getByText('Choose at least one thing that it may do.').waitFor()
  await keys.getByLabel('Account: read').check()
  await keys.getByRole('button', { name: 'Make a key' }).click()
  const key = (await keys.getByLabel('The new API key').textContent()) ?? ''
  const ask = async () => (await fetch(`${url}/api/auth/me`, { headers: { authorization: `Bearer ${key}` } })).status
  t.equal(await ask(), 200, 'the key works')
  await keys.getByText('account:read · never used').waitFor()
  await keys.getByRole('button', { name: 'Revoke build server' }).click()
  await keys.getByRole('button', { name: 'Really revoke build server?' }).click()
  await keys.getByText('None yet.').waitFor()
  t.equal(await ask(), 401, 'and is gone')

  const password = part(page, 'Password')
  await password.getByText('Change the password').first().click()
  await password.getByLabel('Current password').fill(PASSWORD)
  await password.getByLabel('New password').fill(NEW_PASSWORD)
  await password.getByRole('button', { name: 'Change the password' }).click()
  await password.getByText('Your password is changed.').waitFor()

  await mail.getByText(moved).waitFor()
  await mail.getByText('Confirmed', { exact: true }).waitFor()

  await devices.getByRole('button', { name: 'Sign out everywhere on this device too' }).click()
  await devices.getByRole('button', { name: 'Really sign out everywhere on this device too?' }).click()
  await page.getByRole('button', { name: 'I have an account already' }).click()
  await typeCredentials(page, moved, NEW_PASSWORD)
  await isLive(page)
  t.same(complaints, [])
})
