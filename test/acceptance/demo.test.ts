import { spawn } from 'node:child_process'
import { readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import t from 'tap'

const root = join(import.meta.dirname, '../..')

/** Runs a script of the project in a process of its own, as a person would. */
function run(args: string[], env: NodeJS.ProcessEnv = {}) {
  const begin = performance.now()
  return new Promise<{ code: number | null; output: string; seconds: number }>((resolve) => {
    const child = spawn(process.execPath, args, { cwd: root, env: { ...process.env, ...env } })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
    child.on('close', (code) => resolve({ code, output, seconds: (performance.now() - begin) / 1000 }))
  })
}

const refusesConnections = (url: string) =>
  fetch(url).then(
    () => false,
    () => true,
  )

t.test('the demo does the main job from end to end, and leaves nothing running', { timeout: 180_000 }, async (t) => {
  const build = await run(['scripts/build.js'])
  t.equal(build.code, 0, build.output)
  const demo = await run(['--import=tsx', 'scripts/demo.ts'])
  t.equal(demo.code, 0, demo.output)
  t.comment(`the demo took ${demo.seconds.toFixed(1)} s`)
  t.match(demo.output, /server ready at http:\/\/127\.0\.0\.1:\d+/)
  t.match(demo.output, /Analysing \d+ %/, 'progress as plain lines where there is no terminal')
  const [, nodes, edges] = demo.output.match(/analysed: ([\d,]+) nodes, ([\d,]+) edges/) ?? []
  t.ok(
    Number(nodes?.replaceAll(',', '')) > 500 && Number(edges?.replaceAll(',', '')) > 500,
    `${nodes} nodes, ${edges} edges`,
  )

  const citations = [...demo.output.matchAll(/^ {2}\[\d+\] (\S+):(\d+)(?:-(\d+))?$/gm)]
  t.ok(citations.length > 0, 'citations with file and line')
  for (const [, path, start, end] of citations) {
    const lines = (await readFile(join(root, path as string), 'utf8')).split('\n')
    t.ok(Number(start) >= 1 && Number(end ?? start) <= lines.length, `${path}:${start} exists`)
  }

  const [, saved] = demo.output.match(/saved as (\S+\.svg)/) ?? []
  t.match(await readFile(saved as string, 'utf8'), /^(<\?xml[^>]*>\s*)?<svg/)
  await rm(dirname(saved as string), { recursive: true, force: true })
  const [, url] = demo.output.match(/server ready at (\S+)/) ?? []
  t.ok(await refusesConnections(`${url}/health/live`), 'the server is gone')
})

t.test('a failing step ends the demo with its reason and code 1', { timeout: 60_000 }, async (t) => {
  const closed = await new Promise<string>((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(`http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`))
    })
  })
  const demo = await run(['--import=tsx', 'scripts/demo.ts', closed])
  t.equal(demo.code, 1)
  t.match(demo.output, /✗ signing up: The server cannot be reached/)
})
