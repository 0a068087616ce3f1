import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { newId } from '../../src/lib/ids.ts'
import { letter } from '../../src/lib/letter.ts'
import { createMail } from '../../src/mail/service.ts'
import { testApp } from '../helpers/app.ts'
import { smtpServer } from '../helpers/smtp.ts'

const LINK = 'http://localhost/#token=the-secret-of-this-mail'
const greeting = letter({ subject: 'Hello', paragraphs: ['Hello'], action: { label: 'Open', url: LINK } })

/** Resolves once no mail waits any more. */
async function settled(app: FastifyInstance) {
  for (;;) {
    const rows = await app.db.sql`select 1 from jobs where name = 'mail.send' and state in ('queued', 'active')`
    if (rows.length === 0) return
    await new Promise((resolve) => setImmediate(resolve))
  }
}

t.test('a mail is sent once after its transaction, retried until it is taken, and its content erased', async (t) => {
  let refusals = 1
  const server = await smtpServer(t, {
    refuse: (to) =>
      to.startsWith('gone')
        ? { code: 550, message: 'no such user' }
        : to.startsWith('busy') && refusals-- > 0
          ? { code: 451, message: 'later' }
          : undefined,
  })
  const lines: Record<string, unknown>[] = []
  const app = await testApp(t, {
    env: { SMTP_URL: server.url, MAIL_FROM: 'Parley <parley@example.com>' },
    onLog: (line) => lines.push(line),
  })
  const queue = (to: string) => app.db.transact((tx) => app.mail.queue(tx, { kind: 'test', to, ...greeting }))

  await t.rejects(
    app.db.transact(async (tx) => {
      await app.mail.queue(tx, { kind: 'test', to: 'never@example.com', ...greeting })
      throw new Error('the reason is gone')
    }),
    /the reason is gone/,
  )
  const id = await queue('ada@example.com')
  t.match(await server.next(), { to: [{ address: 'ada@example.com' }], messageId: `<${id}@example.com>` })
  await queue('busy@example.com')
  t.match(await server.next(), { to: [{ address: 'busy@example.com' }] }, 'a refusal for now is tried again')
  await queue('gone@example.com')
  await settled(app)
  t.same(
    server.received.map((mail) => mail.to?.[0]?.address),
    ['ada@example.com', 'busy@example.com'],
    'each once, none of a transaction that was undone',
  )
  const rows = await app.db.sql`
    select m.content is null as erased, m.sent_at is not null as sent, j.state, j.attempt, j.error from mails m
    join jobs j on j.data->>'mailId' = m.id::text order by m.id`
  t.match(rows[0], { erased: true, sent: true, state: 'completed', attempt: 1 })
  t.match(rows[1], { erased: true, sent: true, state: 'completed', attempt: 2 })
  t.match(rows[2], { erased: false, sent: false, state: 'failed', attempt: 1, error: { code: 'UNPROCESSABLE' } })
  await app.mail.deliver(id)
  t.equal(server.received.length, 2, 'delivering again sends nothing')
  t.match((await app.inject('/health')).json(), { checks: { mail: { status: 'ok', backend: 'smtp' } } })

  await app.db.sql`update mails set created_at = now() - interval '8 days'`
  await app.mail.sweep()
  t.same(await app.db.sql`select id from mails`, [], 'old ones are swept')
  t.notMatch(JSON.stringify(lines), /the-secret-of-this-mail/, 'nothing of a mail is logged')
})

t.test('two workers at one mail send it once; a worker that died is replaced', async (t) => {
  const app = await testApp(t)
  let release = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  let begun = () => {}
  const began = new Promise<void>((resolve) => {
    begun = resolve
  })
  const sent: string[] = []
  const mail = createMail({
    db: app.db,
    sealer: app.sealer,
    mailer: {
      backend: 'smtp',
      send: async ({ id }) => {
        begun()
        await held
        sent.push(id)
      },
      ping: async () => true,
      close: async () => {},
    },
  })
  const id = newId()
  const sealed = app.sealer.seal(JSON.stringify({ to: 'ada@example.com', ...greeting }), `mail:${id}`)
  await app.db.sql`insert into mails (id, kind, content) values (${id}, 'test', ${sealed})`
  const first = mail.deliver(id)
  await began
  await t.rejects(mail.deliver(id), /another worker/)
  release()
  await first
  t.same(sent, [id])

  const other = newId()
  const text = app.sealer.seal(JSON.stringify({ to: 'ada@example.com', ...greeting }), `mail:${other}`)
  await app.db
    .sql`insert into mails (id, kind, content, lease_until) values (${other}, 'test', ${text}, now() - interval '1 second')`
  await mail.deliver(other)
  t.same(sent, [id, other], 'its lease has run out')
  const moved = newId()
  await app.db.sql`insert into mails (id, kind, content) values (${moved}, 'test', ${text})`
  await t.rejects(mail.deliver(moved), { name: 'SealError' }, 'a content does not open in another row')
})

t.test('without a mail server: a file, and the link where people develop, never elsewhere', async (t) => {
  const rows: [NODE_ENV: string, told: boolean][] = [
    ['test', true],
    ['staging', false],
  ]
  for (const [NODE_ENV, told] of rows) {
    const lines: Record<string, unknown>[] = []
    const secrets = {
      JWT_SECRET: 'q8zJ2mV7Lx4nR9tYw3Kc6Hf1Bd5Gs0Pa',
      COOKIE_SECRET: 'Zk7Wm3Xp9Rv2Tq6Ln8Yb4Hd1Jf5Cg0Sa',
      ENCRYPTION_KEY: `1:${randomBytes(32).toString('base64')}`,
    }
    let written = () => {}
    const done = new Promise<void>((resolve) => {
      written = resolve
    })
    const app = await testApp(t, {
      env: { NODE_ENV, ...secrets },
      onLog: (line) => {
        lines.push(line)
        if (line.msg === 'mail written to the outbox') written()
      },
    })
    const id = await app.db.transact((tx) => app.mail.queue(tx, { kind: 'test', to: 'ada@example.com', ...greeting }))
    await done
    await settled(app)
    const dir = join(app.config.DATA_DIR, 'outbox')
    t.same(readdirSync(dir), [`${id}.eml`], NODE_ENV)
    t.match(readFileSync(join(dir, `${id}.eml`), 'utf8'), /To: ada@example\.com/)
    t.equal(JSON.stringify(lines).includes('the-secret-of-this-mail'), told, `${NODE_ENV}: the link in the log`)
  }
})
