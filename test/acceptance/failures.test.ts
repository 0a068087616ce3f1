import t from 'tap'
import { testDatabase } from '../helpers/database.ts'
import { testRedis } from '../helpers/redis.ts'
import { dataFolder, failedStart, runCli } from '../helpers/server-process.ts'

const PASSWORD = 'correct horse battery staple'

t.test('what stops a start: sentences and exit codes', async (t) => {
  const cases: [string, Record<string, string>, number, RegExp[]][] = [
    [
      'wrong values',
      { PORT: 'many', ROLE: 'king', DATABASE_URL: 'mysql://x' },
      78,
      [/PORT/, /ROLE .*all, api, worker/, /DATABASE_URL/],
    ],
    [
      'production without secrets',
      { NODE_ENV: 'production', JWT_SECRET: 'changeme' },
      78,
      [/JWT_SECRET is too short/, /COOKIE_SECRET is missing/, /ENCRYPTION_KEY/],
    ],
    [
      'no such address',
      { HOST: '203.0.113.7', DATABASE_URL: await testDatabase(t) },
      69,
      [/HOST is 203\.0\.113\.7, which is not an address/],
    ],
    [
      'a wrong password',
      { DATABASE_URL: wrongPassword(await testDatabase(t)) },
      69,
      [/database of DATABASE_URL \(127\.0\.0\.1:\d+\/test_\w+\) cannot be used/],
    ],
  ]
  for (const [name, env, code, patterns] of cases) {
    const failed = await failedStart(t, { DATA_DIR: dataFolder(t), ...env })
    t.equal(failed.code, code, name)
    for (const pattern of patterns) t.match(failed.output, pattern, name)
    t.notMatch(failed.output, /\n\s+at |not-the-password/, `${name}: no stack, no secret`)
  }
})

function wrongPassword(url: string): string {
  const wrong = new URL(url)
  wrong.password = 'not-the-password'
  return wrong.href
}

t.test('the command line', async (t) => {
  const env = { DATA_DIR: dataFolder(t), DATABASE_URL: await testDatabase(t) }
  const create = ['user', 'create', '--email', 'ada@example.com', '--password', PASSWORD]
  const cases: [string[], number, RegExp][] = [
    [['help'], 0, /parley user create/],
    [[], 0, /parley serve/],
    [['version'], 0, /^\d+\.\d+\.\d+/],
    [['config', 'check'], 0, /The configuration is valid: development, external PostgreSQL/],
    [['config', 'doc'], 0, /DATABASE_URL\n {4}External PostgreSQL/],
    [['config'], 64, /Usage: parley config check\|doc/],
    [['secrets', 'new'], 0, /^JWT_SECRET=[\w-]{64}\nCOOKIE_SECRET=[\w-]{64}\nENCRYPTION_KEY=1:[\w+/]{43}=\n$/],
    [
      ['secrets', 'reencrypt'],
      0,
      /mails\.content: 0 rows sealed anew, 0 current\n[\s\S]*Everything is sealed with key 1:/,
    ],
    [['secrets'], 64, /Usage: parley secrets new\|reencrypt/],
    [['migrate'], 0, /The schema is up to date/],
    [['doctor'], 0, /ok {3}database: PostgreSQL 18\.\d+ \(external\)/],
    [[...create, '--tier', 'premium'], 0, /Made the user ada@example.com \(premium\)/],
    [create, 1, /already/],
    [['user', 'create', '--email', 'ada', '--password', PASSWORD], 64, /--email/],
    [[...create, '--tier', 'gold'], 64, /--tier is one of free, premium, enterprise/],
    [[...create, '--shout'], 64, /Unknown option '--shout'/],
    [['user', 'delete'], 64, /Only `user create` exists/],
    [['fly'], 64, /Unknown command: fly/],
  ]
  for (const [args, code, pattern] of cases) {
    const done = await runCli(t, args, env)
    t.equal(done.code, code, `parley ${args.join(' ')}`)
    t.match(done.output, pattern, `parley ${args.join(' ')}`)
  }
})

t.test('the doctor: with Redis, with the embedded PostgreSQL, and what it finds wrong', async (t) => {
  const dataDir = dataFolder(t)
  const alone = await runCli(t, ['doctor'], { DATA_DIR: dataDir })
  t.match(alone, { code: 0, output: /ok {3}database: PostgreSQL 18\.\d+ \(embedded\)\n.*ok {3}redis: not used\n/s })
  const broken = await runCli(t, ['doctor'], {
    DATA_DIR: dataDir,
    REDIS_URL: 'redis://127.0.0.1:1',
    HOST: '203.0.113.7',
  })
  t.match(broken, { code: 69, output: /BAD {2}redis: .*\n.*BAD {2}port: .*EADDRNOTAVAIL/s })
  const redis = await testRedis(t)
  if (redis === undefined) return
  t.match(await runCli(t, ['doctor'], { DATA_DIR: dataDir, REDIS_URL: redis }), {
    code: 0,
    output: /ok {3}redis: Redis \d+\./,
  })
})
