import { Session } from 'node:inspector'
import t from 'tap'
import { person, testApp } from '../helpers/app.ts'

/** Which of some packages are loaded: as files of their own, or as modules of a bundle, which names each in a comment. */
function loaded(...packages: string[]): string[] {
  const session = new Session()
  session.connect()
  const found = new Set<string>()
  session.on('Debugger.scriptParsed', ({ params: { url, scriptId } }) => {
    session.post('Debugger.getScriptSource', { scriptId }, (_error, script) => {
      const modules = [url, ...(script?.scriptSource.match(/^\/\/ .*node_modules\/.*$/gm) ?? [])].join('\n')
      for (const name of packages) if (modules.includes(`node_modules/${name}/`)) found.add(name)
    })
  })
  session.post('Debugger.enable')
  session.disconnect()
  return [...found]
}

t.test('nothing of MCP is loaded before somebody asks, and never its HTTP servers', async (t) => {
  const app = await testApp(t)
  const ada = await person(app)
  t.equal((await ada.get('/api/sources')).statusCode, 200)
  t.strictSame(loaded('@modelcontextprotocol/sdk', 'zod', 'express', 'hono'), [])
  // All come first, and wait for the same.
  const answers = await Promise.all(
    [1, 2, 3].map((id) => ada.post('/mcp', { jsonrpc: '2.0', id, method: 'tools/list' })),
  )
  t.same(
    answers.map(({ statusCode }) => statusCode),
    [200, 200, 200],
  )
  t.same(
    new Set(loaded('@modelcontextprotocol/sdk', 'zod', 'express', 'hono')),
    new Set(['@modelcontextprotocol/sdk', 'zod']),
  )
})
