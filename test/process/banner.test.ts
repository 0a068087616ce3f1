import t from 'tap'
import { banner } from '../../src/process/banner.ts'
import { testApp } from '../helpers/app.ts'

t.test('the lines for who started the server', async (t) => {
  const warnings: string[] = []
  const onLog = ({ level, msg }: Record<string, unknown>) => void (level === 40 && warnings.push(String(msg)))
  const app = await testApp(t, { onLog, env: { LOG_LEVEL: 'warn' } })
  const origin = 'http://127.0.0.1:3000'
  const lines = () => banner({ app, origin, close: async () => {} })

  t.match(
    await lines(),
    /Parley is ready at http:\/\/127\.0\.0\.1:3000\n.*\/#setup=[\w-]{43}\n/s,
    'the first time with the link',
  )
  t.strictSame(warnings, [])

  await app.db.sql`drop table setup_tokens`
  const without = await lines()
  t.match(without, /Parley is ready at/, 'a database that fails just then ends no server that runs')
  t.notMatch(without, /#setup=/)
  t.strictSame(warnings, ['no link to set up: start again for one, or run `npx parley user create`'])
})
