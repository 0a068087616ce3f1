import { createRequire } from 'node:module'
import t from 'tap'
import { person, testApp } from '../helpers/app.ts'

/** What is loaded of the packages that only GraphQL needs. */
function loaded(): string[] {
  const { cache } = createRequire(import.meta.url)
  return Object.keys(cache).filter((path) => /node_modules\/(?:graphql|graphql-ws)\//.test(path))
}

t.test('nothing of GraphQL is loaded before somebody asks', async (t) => {
  const app = await testApp(t)
  const ada = await person(app)
  t.equal((await ada.get('/api/sources')).statusCode, 200)
  t.strictSame(loaded(), [])
  // Both come first, and wait for the same.
  const answers = await Promise.all(
    ['__typename', '__typename'].map((field) => ada.post('/graphql', { query: `{ ${field} }` })),
  )
  for (const answer of answers) t.strictSame(answer.json(), { data: { __typename: 'Query' } })
  t.not(loaded().length, 0, 'and it can be seen here')
})
