import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { pathToFileURL } from 'node:url'
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import type { Test } from 'tap'
import { testApp } from '../helpers/app.ts'
import { faultyProxy } from '../helpers/faulty-proxy.ts'
import { seededRandom } from '../helpers/random.ts'
import { type ReceivedMail, smtpServer } from '../helpers/smtp.ts'

type BuildWeb = (outDir: string) => Promise<void>
type Env = Record<string, string>

export const PASSWORD = 'correct horse battery staple'

/** Controls and pictures that a screen reader could not name. */
export const NAMELESS = `[...document.querySelectorAll('button, input, textarea, select, a, img, progress, dialog, fieldset, section')]
  .filter((e) => !(e.textContent.trim() || e.getAttribute('aria-label') || e.getAttribute('alt') || e.labels?.length || e.getAttribute('aria-labelledby')))
  .map((e) => e.outerHTML)`
export const TOO_WIDE = 'document.documentElement.scrollWidth > document.documentElement.clientWidth'

/**
 * The real server with the built page and a mail server, at a name of which it knows before it starts (so that links, passkeys and identity
 * providers fit), and pages on it that collect every complaint of the browser.
 */
export async function site(t: Test, browser: Browser, env: (origin: string) => Env | Promise<Env> = () => ({})) {
  const webRoot = t.testdir({})
  const build = pathToFileURL(join(import.meta.dirname, '../../web/build.js')).href
  await ((await import(build)) as { buildWeb: BuildWeb }).buildWeb(webRoot)
  let target: number | undefined
  const { port } = await faultyProxy(t, { random: seededRandom(1), target: () => target })
  const url = `http://localhost:${port}`
  const smtp = await smtpServer(t)
  const mails = { SMTP_URL: smtp.url, MAIL_FROM: 'parley@example.com', PUBLIC_URL: url }
  const app = await testApp(t, { webRoot, env: { ...mails, ...(await env(url)) } })
  await app.listen({ port: 0, host: '127.0.0.1' })
  target = (app.server.address() as AddressInfo).port

  const complaints: string[] = []
  const sockets = new Set<Duplex>()
  app.server.on('upgrade', (_request, socket: Duplex) => sockets.add(socket))
  const cutSockets = () => {
    for (const socket of sockets) socket.destroy()
    sockets.clear()
  }
  const visit = async (options: BrowserContextOptions | BrowserContext = {}, path = '/'): Promise<Page> => {
    const context = 'newPage' in options ? options : await browser.newContext(options)
    const page = await context.newPage()
    page.setDefaultTimeout(30_000)
    page.on('pageerror', (error) => complaints.push(`error: ${error.message}`))
    page.on('console', (message) => {
      // A refused request is logged by the browser itself; the page tells the person.
      const isRefusal = message.text().startsWith('Failed to load resource')
      if (message.type() === 'error' && !isRefusal) complaints.push(message.text())
    })
    await page.goto(url + path)
    return page
  }
  /** Mails come in any order: those that are not asked for yet are kept. */
  const unread: ReceivedMail[] = []
  const linkTo = async (address: string, about: RegExp): Promise<string> => {
    const wanted = (mail: ReceivedMail) => mail.to?.[0]?.address === address && about.test(mail.subject ?? '')
    while (!unread.some(wanted)) unread.push(await smtp.next())
    const [mail] = unread.splice(unread.findIndex(wanted), 1)
    const link = /http:\S+#\S+/.exec(mail?.text ?? '')?.[0]
    if (link === undefined) throw new Error(`no link in: ${mail?.text}`)
    return link
  }
  return { app, url, complaints, cutSockets, visit, linkTo }
}

/** Makes an account on the sign-up page and waits until the page is live. */
export async function signUp(page: Page, name: string): Promise<string> {
  const email = `${name}-${crypto.randomUUID()}@example.org`.toLowerCase()
  await page.getByLabel('Your name').fill(name)
  await page.getByLabel('Email').fill(email)
  await page.getByLabel('Password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Create account' }).click()
  await page.getByText('Live', { exact: true }).waitFor()
  return email
}

/** Types email and password into the sign-in form and sends it. */
export async function typeCredentials(page: Page, email: string, password = PASSWORD): Promise<void> {
  await page.getByLabel('Email').fill(email)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
}

/** Signs out, and turns to the sign-in form. */
export async function toSignIn(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Sign out', exact: true }).click()
  await page.getByRole('button', { name: 'I have an account already' }).click()
}

/** The page is live: somebody is signed in. */
export const isLive = (page: Page): Promise<void> => page.getByText('Live', { exact: true }).waitFor()
