import { startMailSink } from '../lib/mail-sink.ts'
import type { LoadResult } from '../lib/result.ts'
import { median } from '../lib/stats.ts'
import type { Bench } from '../lib/target.ts'
import { client, environment, register, run } from '../targets/parley-process.ts'

/** Samples of each kind: enough for medians that a few slow answers do not move. */
const SAMPLES = 200

/** What a stranger could compare: an email that has an account with one that has none. */
const PAIRS = [
  {
    name: 'wrong password',
    path: 'login',
    status: 401,
    body: (email: string) => ({ email, password: 'not the password' }),
  },
  { name: 'forgotten password', path: 'password/forgot', status: 202, body: (email: string) => ({ email }) },
  {
    name: 'registration',
    path: 'register',
    status: 202,
    body: (email: string) => ({ email, password: 'a long passphrase of a stranger' }),
  },
] as const

/**
 * Whether the time of an answer tells who has an account (OWASP ASVS 6.3.8): one request at a time, an email with an account and one without in
 * turn, each time another one, so that whatever else the machine does touches both. Which of the two comes first changes each time: the mail that an
 * answer leads to is sent behind it, and would slow down the same kind of request always. Registrations wait for their mail: where they do
 * not, the answer itself says that an email is taken.
 */
export async function accountTiming(bench: Bench, script: string): Promise<Omit<LoadResult, 'at' | 'machine'>> {
  const env = environment(bench, await bench.postgres.database('parley_account_timing'))
  const open = await run(bench, script, env, [])
  try {
    const call = client(open.port)
    for (let index = 0; index < SAMPLES; index++) await register(call, `bench-${index}`)
  } finally {
    await open.stop()
  }
  const mails = await startMailSink()
  const confirmed = {
    REQUIRE_EMAIL_VERIFICATION: 'true',
    SMTP_URL: mails.url,
    MAIL_FROM: 'Parley <parley@example.com>',
  }
  const server = await run(bench, script, { ...env, ...confirmed }, [])
  const times = new Map<string, number[]>()
  try {
    const ask = async (path: string, body: object, status: number): Promise<number> => {
      const began = performance.now()
      const answer = await fetch(`http://127.0.0.1:${server.port}/api/auth/${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
      await answer.arrayBuffer()
      if (answer.status !== status) throw new Error(`${path} answered ${answer.status}`)
      return performance.now() - began
    }
    for (const { name, path, status, body } of PAIRS) {
      const [known, unknown]: [number[], number[]] = [[], []]
      for (let index = 0; index < SAMPLES; index++) {
        const withAccount = async () => known.push(await ask(path, body(`bench-${index}@example.com`), status))
        const without = async () => unknown.push(await ask(path, body(`nobody-${index}@example.com`), status))
        for (const one of index % 2 ? [withAccount, without] : [without, withAccount]) await one()
      }
      times.set(`${name}, with an account`, known).set(`${name}, without`, unknown)
    }
  } finally {
    await server.stop()
    await mails.stop()
  }
  const of = (key: string) => median(times.get(key) ?? [])
  return {
    load: 'account-timing',
    title: 'What the time of an answer tells',
    about: `${SAMPLES} emails with an account and ${SAMPLES} without, in turn, one request at a time: a stranger must not be able to tell them apart.`,
    columns: [{ key: 'ms', title: 'median, ms', digits: 2 }],
    rows: [...times.keys()].map((target) => ({ target, values: { ms: of(target) } })),
    ratios: PAIRS.map(({ name }) => ({
      name: `${name}: without / with an account`,
      value: of(`${name}, without`) / of(`${name}, with an account`),
      figure: { atLeast: 0.9, atMost: 1.1 },
    })),
    rounds: SAMPLES,
    remarks: [],
  }
}
