import { gzipSync } from 'node:zlib'
import t from 'tap'
import { pack } from 'tar-stream'
import { browserTest } from '../helpers/browser.ts'
import { NAMELESS, PASSWORD, signUp, site, TOO_WIDE } from './world.ts'

const FILES = {
  'README.md':
    '# Teapot\n\nA service that brews tea.\n\n## Limits\n\nA pot holds seven cups. It refuses to brew coffee with status 418.\n',
  'src/pot.ts':
    "import { heat } from './heat.ts'\n\n/** Brews a pot of tea. */\nexport function brew(cups: number): string {\n  if (cups > 7) throw new Error('too many cups')\n  return heat(cups)\n}\n",
  'src/heat.ts':
    '/** Heats water for so many cups. */\nexport const heat = (cups: number): string => String(cups).concat(" hot cups")\n',
}

async function archive(): Promise<Buffer> {
  const tar = pack()
  for (const [name, content] of Object.entries(FILES)) tar.entry({ name }, content)
  tar.finalize()
  const chunks: Buffer[] = []
  for await (const chunk of tar) chunks.push(chunk as Buffer)
  return gzipSync(Buffer.concat(chunks))
}

const STAGE_TOO_WIDE = `[...document.querySelectorAll('.stage, .log')].some((e) => e.scrollWidth > e.clientWidth)`

browserTest(t, 'sign up, upload, watch, ask, read the citations', async (t, browser) => {
  const { complaints, url, visit } = await site(t, browser)
  const page = await visit()
  t.equal(await page.title(), 'Parley')
  t.same(await page.evaluate(NAMELESS), [])
  const email = await signUp(page, 'Ada')

  await page.getByRole('button', { name: 'Start a conversation' }).click()
  await page.getByRole('heading', { name: 'Ask the first question' }).waitFor()
  t.match(page.url(), /\/c\/[0-9a-f-]{36}$/)

  await page
    .getByLabel('Upload code or documents')
    .setInputFiles({ name: 'teapot.tar.gz', mimeType: 'application/gzip', buffer: await archive() })
  await page.getByLabel('Uploading').waitFor()
  await page.getByLabel('Analysing').waitFor()
  const counts = await page.locator('#graph-counts').textContent()
  t.match(counts, /^\d+ nodes, \d+ edges$/)
  const picture = page.locator('#graph-picture')
  await picture.waitFor()
  t.equal(
    await page.evaluate(`document.querySelector('#graph-picture').naturalWidth > 0`),
    true,
    'the picture is drawn',
  )
  await page.getByRole('button', { name: 'Show the graph picture large' }).click()
  await page.getByRole('dialog', { name: 'Graph picture' }).waitFor()
  await page.keyboard.press('Escape')

  await page.getByLabel('Message', { exact: true }).fill('How many cups does a pot hold?')
  await page.keyboard.press('Enter')
  const answer = page.locator('.message.assistant[data-status=complete]')
  await answer.waitFor()
  const citation = answer.locator('.citation').first()
  t.match(await citation.locator('.place').textContent(), /^(README\.md|src\/pot\.ts):\d+/)
  t.notOk(await citation.locator('.quote').isVisible())
  await citation.locator('summary').click()
  t.match(await citation.locator('.quote').textContent(), /\d+\s*\S+/)
  t.ok(await citation.locator('.quote').isVisible(), 'a click shows the quoted lines')
  t.same(await page.evaluate(NAMELESS), [])

  t.equal(await page.evaluate(STAGE_TOO_WIDE), false, 'long lines scroll in their own box')

  await page.reload()
  await page.locator('.message.assistant .citation').first().waitFor()
  await page.locator('#graph-picture').waitFor()
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByRole('button', { name: 'Create account' }).waitFor()
  t.equal(page.url(), `${url}/`)
  await page.getByRole('button', { name: 'I have an account already' }).click()
  await page.getByLabel('Email').fill(email)
  await page.getByLabel('Password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.locator('.message.assistant').waitFor()
  t.same(complaints, [], 'the browser has nothing to complain of')
})

browserTest(t, 'what goes wrong is told with what to do next', async (t, browser) => {
  const { complaints, cutSockets, visit } = await site(t, browser)
  const page = await visit()
  const alert = page.locator('form [role=alert]')
  const email = await signUp(page, 'Grace')
  await page.getByRole('button', { name: 'Sign out' }).click()

  await page.getByLabel('Your name').fill('Other')
  await page.getByLabel('Email').fill(email)
  await page.getByLabel('Password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Create account' }).click()
  await alert.waitFor()
  t.equal(await alert.textContent(), 'This email already has an account. Sign in instead.')
  await page.getByRole('button', { name: 'I have an account already' }).click()
  t.equal(await page.getByLabel('Email').inputValue(), email, 'the email needs not be typed again')
  await page.getByLabel('Password').fill('wrong')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await alert.waitFor()
  t.equal(await alert.textContent(), 'Email or password is wrong. Check both, or create an account.')
  await page.getByLabel('Password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByText('Live', { exact: true }).waitFor()

  await page.getByLabel('Upload code or documents').setInputFiles({
    name: 'broken.tar.gz',
    mimeType: 'application/gzip',
    buffer: Buffer.from('1f8b0800deadbeef', 'hex'),
  })
  const uploadProblem = page.locator('.code [role=alert]')
  await uploadProblem.waitFor()
  t.ok((await uploadProblem.textContent())?.length, 'a broken archive is told of')

  await page.getByRole('button', { name: 'Start a conversation' }).click()
  const markup = '<img src=x onerror="document.title=1"> **bold** `<b>`'
  await page.getByLabel('Message', { exact: true }).fill(markup)
  await page.keyboard.press('Enter')
  const message = page.locator('.message.user .body')
  await message.waitFor()
  t.equal(await message.textContent(), '<img src=x onerror="document.title=1"> bold <b>', 'markup stays text')
  t.equal(await message.locator('img').count(), 0)
  t.match(await page.title(), 'Parley')

  cutSockets()
  await page.getByLabel('Message', { exact: true }).fill('written while the connection was gone')
  await page.keyboard.press('Enter')
  await page.locator('.message.user[data-status=complete]', { hasText: 'while the connection was gone' }).waitFor()
  await page.getByText('Live', { exact: true }).waitFor()
  t.equal(await page.locator('.message.user', { hasText: 'while the connection was gone' }).count(), 1, 'once')
  t.same(complaints, [])
})

browserTest(t, 'two tabs, two people, a phone', async (t, browser) => {
  const { complaints, url, visit } = await site(t, browser)
  const desk = await browser.newContext()
  const page = await visit(desk)
  await signUp(page, 'Ada')
  await page.getByRole('button', { name: 'Start a conversation' }).click()
  await page.getByLabel('Message', { exact: true }).waitFor()
  const tab = await visit(desk)
  await tab.goto(page.url())
  await tab.getByLabel('Message', { exact: true }).fill('from the other tab')
  await tab.keyboard.press('Enter')
  await page.locator('.message.user', { hasText: 'from the other tab' }).waitFor()
  t.equal(await page.locator('.message.user').count(), 1)
  await page.getByRole('heading', { name: 'from the other tab' }).waitFor()
  await page.getByRole('link', { name: 'from the other tab' }).waitFor()

  const phone = await visit({ viewport: { width: 360, height: 720 }, colorScheme: 'dark', hasTouch: true })
  t.equal(await phone.evaluate(TOO_WIDE), false, 'the sign-in page fits a phone')
  await signUp(phone, 'Grace')
  for (const part of ['Conversations', 'Code', 'Chat']) {
    await phone.getByRole('group', { name: 'Parts of the page' }).getByRole('button', { name: part }).click()
    t.equal(await phone.evaluate(TOO_WIDE), false, `${part} fits a phone`)
  }
  await phone.goto(page.url())
  await phone.getByText('It is not there any more, or you have no access to it.').waitFor()

  await tab.getByRole('button', { name: 'Sign out' }).click()
  await page.getByText('You have signed out in another tab.').waitFor()
  t.equal(new URL(tab.url()).href, `${url}/`)
  t.same(complaints, [])
})
