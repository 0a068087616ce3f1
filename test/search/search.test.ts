import t from 'tap'
import { newId } from '../../src/lib/ids.ts'
import { highlightOf } from '../../src/search/service.ts'
import { fillPassages } from '../assistant/world.ts'
import { person, testApp } from '../helpers/app.ts'

interface Hit {
  path: string
  title: string
  conversationId: string
  highlight: { text: string; ranges: [number, number][] }
}
type Result = Record<'messages' | 'documents' | 'symbols', Hit[]>

const words = ({ highlight }: Hit) => highlight.ranges.map(([from, to]) => highlight.text.slice(from, to).toLowerCase())

t.test('finds messages, documents and symbols, and nothing of others', async (t) => {
  const app = await testApp(t)
  const [ada, eve] = [await person(app, 'ada'), await person(app, 'eve')]
  const { items } = (await ada.get('/api/workspaces')).json<{ items: { id: string }[] }>()
  const workspaceId = items[0]!.id
  await fillPassages(app.db, { workspaceId, uploadId: newId(), folders: ['plugins', 'src/adapters'] })
  const room = async (title: string) =>
    (await ada.post('/api/conversations', { title, assistant: 'off' })).json<{ id: string }>().id
  const [open, other] = [await room('open'), await room('other')]
  const say = (id: string, content: string) => ada.post(`/api/conversations/${id}/messages`, { content })
  await say(open, 'The zeppelin lands <b>tomorrow</b> at noon')
  await say(other, 'no zeppelin here today')
  const deleted = (await say(open, 'a secret zeppelin')).json<{ id: string }>()
  await ada.delete(`/api/messages/${deleted.id}`)
  const find = async (q: string, who = ada, more = '') =>
    (await who.get(`/api/search?q=${encodeURIComponent(q)}${more}`)).json<Result>()

  const zeppelins = await find('zeppelin')
  t.equal(zeppelins.messages.length, 2, 'deleted ones are gone')
  for (const hit of zeppelins.messages) t.strictSame(words(hit), ['zeppelin'])
  t.match(
    zeppelins.messages.map((hit) => hit.highlight.text),
    [/./, /./],
  )
  t.ok(
    zeppelins.messages.some((hit) => hit.highlight.text.includes('<b>')),
    'text stays text',
  )
  t.equal((await find('"zeppelin lands"')).messages.length, 1, 'a phrase')
  t.equal((await find('zeppelin -lands')).messages.length, 1, 'without a word')
  t.equal((await find('zeppelin', ada, '&limit=1')).messages.length, 1)
  t.equal((await find('zeppelin', ada, `&workspaceId=${workspaceId}`)).messages.length, 2)

  const symbols = (await find('createMemoryCache')).symbols
  t.match(symbols[0], { path: 'src/adapters/cache/memory.ts', title: 'createMemoryCache' })
  t.ok(words(symbols[0]!).includes('creatememorycache'))
  t.match((await find('memorycache')).symbols[0], { path: 'src/adapters/cache/memory.ts' }, 'a part of a name')
  const documents = (await find('wiring decorator')).documents
  t.match(documents[0], { path: 'plugins/README.md' })
  t.ok(words(documents[0]!).includes('wiring'))

  const nothing = { messages: [], documents: [], symbols: [] }
  t.strictSame(await find('zeppelin', eve), nothing, 'nothing of others')
  t.strictSame((await find('createMemoryCache', eve)).symbols, [])
  await ada.post(`/api/conversations/${open}/members`, { userId: eve.id })
  const guest = await find('zeppelin', eve)
  t.strictSame(
    guest.messages.map((hit) => hit.conversationId),
    [open],
    'a guest finds what is said there',
  )
  for (const q of ['the', '%', '_', `' | & ! :* \\ <->`, '"', '(', 'x'.repeat(500), '\u{1F600}']) {
    t.equal((await ada.get(`/api/search?q=${encodeURIComponent(q)}`)).statusCode, 200, q.slice(0, 20))
  }
})

t.test('what is refused', async (t) => {
  const app = await testApp(t)
  const ada = await person(app)
  const rows: [string, string, number][] = [
    ['no question', '/api/search', 400],
    ['an empty one', '/api/search?q=', 400],
    ['only space', '/api/search?q=%20', 400],
    ['NUL', '/api/search?q=a%00b', 400],
    ['too long', `/api/search?q=${'x'.repeat(501)}`, 400],
    ['too many', '/api/search?q=x&limit=51', 400],
    ['something else', '/api/search?q=x&sort=id', 400],
    ['no workspace id', '/api/search?q=x&workspaceId=x', 400],
    ['a foreign workspace', `/api/search?q=x&workspaceId=${newId()}`, 404],
  ]
  for (const [name, url, status] of rows) t.equal((await ada.get(url)).statusCode, status, name)
  t.equal((await app.inject('/api/search?q=x')).statusCode, 401)
})

t.test('marks become ranges', async (t) => {
  t.strictSame(highlightOf('a \u0002b\u0003 c \u0002d\u0003'), {
    text: 'a b c d',
    ranges: [
      [2, 3],
      [6, 7],
    ],
  })
  t.strictSame(highlightOf('plain'), { text: 'plain', ranges: [] })
  t.strictSame(highlightOf('\u0002\u{1F600}\u0003!'), { text: '\u{1F600}!', ranges: [[0, 2]] })
})
