import { type Debugger, Session } from 'node:inspector'
import t from 'tap'
import { person, testApp } from '../helpers/app.ts'

/** What is loaded of the packages that only MCP needs; modules of ES are in no cache that could be asked. */
function loaded(): string[] {
  const session = new Session()
  session.connect()
  const urls: string[] = []
  session.on(
    'Debugger.scriptParsed',
    ({ params }: { params: Debugger.ScriptParsedEventDataType }) => void urls.push(params.url),
  )
  session.post('Debugger.enable')
  session.disconnect()
  return urls.filter((url) => /node_modules\/(?:@modelcontextprotocol|zod|express|hono)\//.test(url))
}

t.test('nothing of MCP is loaded before somebody asks, and never its HTTP servers', async (t) => {
  const app = await testApp(t)
  const ada = await person(app)
  t.equal((await ada.get('/api/sources')).statusCode, 200)
  t.strictSame(loaded(), [])
  // All come first, and wait for the same.
  const answers = await Promise.all(
    [1, 2, 3].map((id) => ada.post('/mcp', { jsonrpc: '2.0', id, method: 'tools/list' })),
  )
  t.same(
    answers.map(({ statusCode }) => statusCode),
    [200, 200, 200],
  )
  const now = loaded()
  t.ok(
    now.some((url) => url.includes('/@modelcontextprotocol/')),
    'and it can be seen here',
  )
  t.strictSame(
    now.filter((url) => /\/(?:express|hono)\//.test(url)),
    [],
  )
})
