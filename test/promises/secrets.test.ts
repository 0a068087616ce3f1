import { randomBytes } from 'node:crypto'
import { getTableColumns, getTableName, is } from 'drizzle-orm'
import { PgTable } from 'drizzle-orm/pg-core'
import t from 'tap'
import { type ConfigError, loadConfig } from '../../src/config/load.ts'
import { reencrypt } from '../../src/db/reencrypt.ts'
import * as schema from '../../src/db/schema/index.ts'
import { sealedColumns } from '../../src/db/sealed.ts'
import { letter } from '../../src/lib/letter.ts'
import { createSealer } from '../../src/lib/seal.ts'
import { caller, person, testApp } from '../helpers/app.ts'
import { testDatabase } from '../helpers/database.ts'

const key = () => randomBytes(32).toString('base64')
const secret = () => randomBytes(48).toString('base64url')

t.test('SECURITY 8: production starts with strong secrets only, and lists every problem at once', async (t) => {
  const good = { JWT_SECRET: secret(), COOKIE_SECRET: secret(), ENCRYPTION_KEY: `2:${key()},1:${key()}` }
  const problemsOf = (environment: Record<string, string>): readonly string[] => {
    try {
      loadConfig({ NODE_ENV: 'production', DATA_DIR: '/nowhere', ...environment })
      return []
    } catch (error) {
      return (error as ConfigError).problems
    }
  }
  const same = key()
  const rows: [name: string, environment: Record<string, string>, problems: RegExp[]][] = [
    ['good ones', good, []],
    ['none at all', {}, [/^JWT_SECRET is missing/, /^COOKIE_SECRET is missing/, /^ENCRYPTION_KEY is missing/]],
    [
      'all bad in their own way',
      {
        JWT_SECRET: 'short',
        COOKIE_SECRET: 'please-change-me-please-change-me-please',
        ENCRYPTION_KEY: '1:c2hvcnQ=',
        RATE_LIMIT_ENABLED: 'false',
        SMTP_URL: 'smtp://mail.example.com',
      },
      [
        /^JWT_SECRET is too short/,
        /^COOKIE_SECRET looks like a placeholder/,
        /^MAIL_FROM is missing/,
        /^RATE_LIMIT_ENABLED/,
        /^ENCRYPTION_KEY must be/,
      ],
    ],
    ['31 bytes', { ...good, JWT_SECRET: secret().slice(0, 31) }, [/^JWT_SECRET is too short/]],
    ['one letter', { ...good, JWT_SECRET: 'a'.repeat(64) }, [/^JWT_SECRET looks like a placeholder/]],
    ['few letters', { ...good, JWT_SECRET: 'ab12'.repeat(16) }, [/^JWT_SECRET looks like a placeholder/]],
    ['shared by both', { ...good, COOKIE_SECRET: good.JWT_SECRET }, [/^JWT_SECRET and COOKIE_SECRET must differ$/]],
    [
      'shared with the ring',
      { ...good, COOKIE_SECRET: same, ENCRYPTION_KEY: `2:${key()},1:${same}` },
      [/^COOKIE_SECRET and ENCRYPTION_KEY must differ$/],
    ],
    [
      'a ring of zeros',
      { ...good, ENCRYPTION_KEY: `1:${Buffer.alloc(32).toString('base64')}` },
      [/key 1 that is not random/],
    ],
    ['16 bytes', { ...good, ENCRYPTION_KEY: `1:${randomBytes(16).toString('base64')}` }, [/^ENCRYPTION_KEY must be/]],
    ['a key that was cut off', { ...good, ENCRYPTION_KEY: `1:${key().slice(0, 40)}` }, [/^ENCRYPTION_KEY must be/]],
    ['no version', { ...good, ENCRYPTION_KEY: key() }, [/^ENCRYPTION_KEY must be/]],
    ['a version twice', { ...good, ENCRYPTION_KEY: `1:${key()},1:${key()}` }, [/same key version twice/]],
    ['a key twice', { ...good, ENCRYPTION_KEY: `2:${same},1:${same}` }, [/same key under two versions/]],
  ]
  for (const [name, environment, expected] of rows) {
    const problems = problemsOf(environment)
    t.equal(problems.length, expected.length, `${name}: ${problems.join('; ')}`)
    for (const [index, pattern] of expected.entries()) t.match(problems[index], pattern, name)
    for (const value of [good.JWT_SECRET, same]) t.notOk(problems.join().includes(value), `${name}: no secret is shown`)
  }
})

t.test('sealed texts open with every key of the ring, in their own place, and unharmed only', async (t) => {
  const [old, fresh] = [`1:${key()}`, `2:${key()}`]
  const before = createSealer(old)
  const after = createSealer(`${fresh},${old}`)
  const sealed = before.seal('Grüße ✉', 'mail:1')
  t.equal(after.open(sealed, 'mail:1'), 'Grüße ✉')
  t.match(after.seal('x', 'mail:1'), /^2\./, 'the newest key seals')
  t.not(after.seal('x', 'mail:1'), after.seal('x', 'mail:1'), 'never twice with the same nonce')
  const rows: [string, () => string][] = [
    ['another place', () => after.open(sealed, 'mail:2')],
    ['a ring without its key', () => createSealer(fresh).open(sealed, 'mail:1')],
    ['another key of the same version', () => createSealer(`1:${key()}`).open(sealed, 'mail:1')],
    ['another version named', () => after.open(sealed.replace(/^1/, '2'), 'mail:1')],
    ['a changed letter', () => after.open(`${sealed.slice(0, -2)}${sealed.endsWith('AA') ? 'BB' : 'AA'}`, 'mail:1')],
    ['cut off', () => after.open(sealed.slice(0, 30), 'mail:1')],
    ['nothing', () => after.open('', 'mail:1')],
  ]
  for (const [name, open] of rows) t.throws(open, { name: 'SealError' }, name)
})

t.test('every sealed column of the schema can be re-encrypted', async (t) => {
  const tables = Object.values(schema).filter((value) => is(value, PgTable)) as PgTable[]
  const inSchema = tables.flatMap((table) =>
    Object.values(getTableColumns(table))
      .filter((column) => column.columnType === 'PgCustomColumn' && column.getSQLType() === 'text')
      .map((column) => `${getTableName(table)}.${snake(column.name)}`),
  )
  t.ok(inSchema.length >= 4)
  t.same(
    sealedColumns()
      .map(({ table, column }) => `${table}.${column}`)
      .sort(),
    inSchema.sort(),
  )
})

const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

t.test('re-encryption: everything moves to the newest key, what cannot is told and left', async (t) => {
  const databaseUrl = await testDatabase(t)
  const [first, second] = [`1:${key()}`, `2:${key()}`]
  const env = { JWT_SECRET: secret(), COOKIE_SECRET: secret(), SMTP_URL: 'smtp://127.0.0.1:1', REFRESH_GRACE: '300' }
  const old = await testApp(t, { databaseUrl, env: { ...env, ENCRYPTION_KEY: first } })
  const ada = await person(old)
  const pair = (await caller(old).post('/api/auth/refresh', { refreshToken: ada.refreshToken })).body
  const keyed = { 'idempotency-key': 'k1' }
  const made = await ada.post('/api/workspaces', { name: 'Sealed' }, keyed)
  const mailId = await old.db.transact((tx) =>
    old.mail.queue(tx, { kind: 'test', to: 'ada@example.com', ...letter({ subject: 'Hello', paragraphs: ['x'] }) }),
  )
  const damaged = '01920b5e-7d3c-7cc0-8f6e-2f1f0d9a4b11'
  await old.db.sql`insert into mails (id, kind, content) values (${damaged}, 'test', '9.AAAA')`

  const app = await testApp(t, { databaseUrl, env: { ...env, ENCRYPTION_KEY: `${second},${first}` } })
  const columns = await reencrypt(app.db.sql, app.sealer)
  const byName = Object.fromEntries(columns.map(({ name, ...found }) => [name, found]))
  t.match(byName['sessions.previous_answer'], { changed: 1, current: 0, failed: [] })
  t.match(byName['idempotency_keys.body'], { changed: 1, current: 0, failed: [] })
  t.match(byName['mails.content'], { changed: 2, current: 0, failed: [{ key: damaged, reason: /version '9'/ }] })
  const again = await reencrypt(app.db.sql, app.sealer)
  t.equal(
    again.reduce((sum, { changed }) => sum + changed, 0),
    0,
    'nothing is left to do',
  )
  t.equal(
    again.reduce((sum, { current }) => sum + current, 0),
    4,
  )

  const alone = await testApp(t, { databaseUrl, env: { ...env, ENCRYPTION_KEY: second } })
  const replayed = await caller(alone, ada.headers).post('/api/workspaces', { name: 'Sealed' }, keyed)
  t.equal(replayed.headers['idempotency-replayed'], 'true')
  t.equal(replayed.body, made.body, 'without the old key a stored answer is still there')
  const refreshed = await caller(alone).post('/api/auth/refresh', { refreshToken: ada.refreshToken })
  t.equal(refreshed.body, pair, 'and so is the answer within the grace of a refresh')
  const [mail] = await alone.db.sql<{ content: string }[]>`select content from mails where id = ${mailId}`
  t.match(alone.sealer.open(mail?.content ?? '', `mail:${mailId}`), /"to":"ada@example\.com"/)
})
