import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import PostalMime, { type Email } from 'postal-mime'
import t, { type Test } from 'tap'
import { createOutboxMailer } from '../../src/adapters/mailer/outbox.ts'
import { createSmtpMailer } from '../../src/adapters/mailer/smtp.ts'
import type { Mail, Mailer } from '../../src/contracts/mailer.ts'
import { newId } from '../../src/lib/ids.ts'
import { letter } from '../../src/lib/letter.ts'
import { smtpServer } from '../helpers/smtp.ts'

const FROM = 'Parley <parley@example.com>'
const mailTo = (to: string, content: Partial<Mail> = {}): Mail => ({
  id: newId(),
  to,
  subject: 'Hello',
  text: 'Hello\n',
  html: '<p>Hello</p>',
  ...content,
})

interface Opened {
  mailer: Mailer
  /** The mails that arrived, in the order of their sending. */
  arrived: () => Promise<Email[]>
}

function folder(t: Test): string {
  const dir = mkdtempSync(join(tmpdir(), 'parley-outbox-'))
  t.teardown(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

const backends: Record<string, (t: Test) => Promise<Opened>> = {
  smtp: async (t) => {
    const server = await smtpServer(t)
    return { mailer: createSmtpMailer({ url: server.url, from: FROM }), arrived: async () => server.received }
  },
  outbox: async (t) => {
    const dir = folder(t)
    const read = (name: string) => PostalMime.parse(readFileSync(join(dir, name)))
    return {
      mailer: createOutboxMailer({ dir, from: FROM }),
      arrived: () => Promise.all(readdirSync(dir).sort().map(read)),
    }
  },
}

for (const [name, open] of Object.entries(backends)) {
  t.test(`${name}: the mailer contract`, async (t) => {
    const { mailer, arrived } = await open(t)
    t.teardown(() => mailer.close())
    t.equal(mailer.backend, name)
    t.equal(await mailer.ping(), true)

    const long = 'https://chat.example.com/reset#token='.concat('x'.repeat(400))
    const { link, ...content } = letter({
      subject: 'Grüße an Ada ✉\r\nBcc: eve@example.org',
      paragraphs: ['<script>alert(1)</script> & "Ada"', 'Zwölf Boxkämpfer jagen Viktor'],
      action: { label: 'Choose a password', url: long },
      footer: 'You get this because somebody asked for it.',
    })
    const mail = mailTo('ada@example.com', content)
    t.equal(link, long)
    await mailer.send(mail)
    const [first] = await arrived()
    t.match(first, {
      from: { address: 'parley@example.com', name: 'Parley' },
      to: [{ address: 'ada@example.com' }],
      subject: 'Grüße an Ada ✉ Bcc: eve@example.org',
      messageId: `<${mail.id}@example.com>`,
    })
    t.equal(first?.bcc, undefined, 'a subject adds no header')
    t.ok(first?.text?.includes(long), 'a long link arrives in one piece')
    t.ok(first?.html?.includes(`href="${long}"`))
    t.match(first?.html, /&lt;script&gt;alert\(1\)&lt;\/script&gt; &amp; &quot;Ada&quot;/)
    t.notMatch(first?.html, /<script/, 'what others wrote is text')
    t.match(first?.text, /Zwölf Boxkämpfer/)
    t.match(
      first?.headers.find(({ key }) => key === 'auto-submitted'),
      { value: 'auto-generated' },
      'no absence note answers it',
    )

    await Promise.all(Array.from({ length: 20 }, (_, index) => mailer.send(mailTo(`user-${index}@example.com`))))
    t.equal((await arrived()).length, 21, '20 at once arrive, each once')

    const addresses = [
      'ada@example.com, eve@example.org',
      'ada@example.com\r\nBcc: eve@example.org',
      'Ada <ada@example.com>',
      'nobody',
      '',
      'a@b@c',
    ]
    for (const to of addresses) {
      await t.rejects(mailer.send(mailTo(to)), { name: 'MailerError', permanent: true }, JSON.stringify(to))
    }
    t.equal((await arrived()).length, 21, 'what is not one address goes to nobody')
  })
}

t.test('smtp: what the server says decides whether trying again makes sense', async (t) => {
  const login = { user: 'parley', password: 'p@ss/word' }
  const server = await smtpServer(t, {
    login,
    refuse: (recipient) =>
      recipient.startsWith('gone')
        ? { code: 550, message: 'no such user' }
        : recipient.startsWith('busy')
          ? { code: 451, message: 'try again later' }
          : undefined,
  })
  const { port } = new URL(server.url)
  const mailer = (url: string) => {
    const made = createSmtpMailer({ url, from: FROM, timeoutMs: 1_000 })
    t.teardown(() => made.close())
    return made
  }
  const rows: [name: string, mailer: Mailer, to: string, permanent: boolean | undefined][] = [
    ['taken, with a login', mailer(server.url), 'ada@example.com', undefined],
    ['an unknown mailbox', mailer(server.url), 'gone@example.com', true],
    ['a busy mailbox', mailer(server.url), 'busy@example.com', false],
    ['a wrong login: the operator mends it', mailer(`smtp://parley:no@127.0.0.1:${port}`), 'ada@example.com', false],
    ['no server', mailer('smtp://127.0.0.1:1'), 'ada@example.com', false],
    ['TLS demanded, not offered', mailer(`${server.url}?requireTLS=true`), 'ada@example.com', false],
  ]
  for (const [name, from, to, permanent] of rows) {
    const sent = from.send(mailTo(to, { text: 'the-secret-of-this-mail' }))
    if (permanent === undefined) await t.resolves(sent, name)
    else {
      const error = await sent.then(
        () => undefined,
        (error: Error) => error,
      )
      t.match(error, { name: 'MailerError', permanent }, name)
      t.notMatch(String(error?.message), /the-secret|p@ss/, `${name}: the message tells nothing of the mail`)
    }
  }
  t.equal(await mailer('smtp://127.0.0.1:1').ping(), false)
  t.same(
    server.received.map(({ envelope }) => envelope),
    [{ from: 'parley@example.com', to: ['ada@example.com'] }],
  )
})

t.test('outbox: private files, and the link for whoever develops', async (t) => {
  const dir = join(folder(t), 'outbox')
  const written: { path: string; link: string | undefined }[] = []
  const mailer = createOutboxMailer({ dir, from: FROM, onWritten: (one) => written.push(one) })
  const mail = mailTo('ada@example.com', { link: 'http://localhost/x#token=1' })
  await mailer.send(mail)
  await mailer.send(mail)
  t.same(readdirSync(dir), [`${mail.id}.eml`], 'the same mail again is the same file')
  t.equal(statSync(dir).mode & 0o777, 0o700)
  t.equal(statSync(join(dir, `${mail.id}.eml`)).mode & 0o777, 0o600)
  t.match(written[0], { path: join(dir, `${mail.id}.eml`), link: mail.link })
  const blocked = join(folder(t), 'file')
  writeFileSync(blocked, '')
  const broken = createOutboxMailer({ dir: blocked, from: FROM })
  await t.rejects(broken.send(mail), { name: 'MailerError', permanent: false })
  t.equal(await broken.ping(), false)
})
