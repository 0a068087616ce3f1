import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { startServer } from '../../scripts/demo/server.ts'

const root = join(import.meta.dirname, '../..')

/** What each example must print, and in which order. An example without a row here fails the test. */
const EXPECTED: Record<string, RegExp> = {
  'two-people.ts': /Hello Grace!\n.*Are you there\?\n.*Nothing of this gets lost\./,
  'ask-a-document.ts': /completed 100 %\n[\s\S]*vinegar[\s\S]*from coffee-machine\.md, lines \d+ to \d+/,
  'agent.ts': /tools: search, .*get_impact.*\npour stands in machine\.ts, line 1\na change of it touches .*brew/,
  'plain-http.ts': /^(event|data|id|:)/m,
}

t.test('every example runs against a started server', { timeout: 120_000 }, async (t) => {
  t.equal(spawnSync(process.execPath, ['scripts/build.js'], { cwd: root }).status, 0)
  const folder = t.testdir({})
  chmodSync(folder, 0o755)
  const server = await startServer(root, folder)
  t.teardown(() => server.stop())
  const names = readdirSync(join(root, 'examples')).filter((name) => name.endsWith('.ts'))
  t.same(names.sort(), Object.keys(EXPECTED).sort())
  await Promise.all(
    names.map(async (name) => {
      const { code, output } = await run(['--import=tsx', join('examples', name), server.url])
      t.equal(code, 0, `${name} ends well`)
      t.match(output, EXPECTED[name] as RegExp, name)
    }),
  )
})

function run(args: string[]) {
  return new Promise<{ code: number | null; output: string }>((resolve) => {
    const child = spawn(process.execPath, args, { cwd: root })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
    const late = setTimeout(() => child.kill('SIGKILL'), 45_000)
    child.on('close', (code) => {
      clearTimeout(late)
      resolve({ code, output })
    })
  })
}
