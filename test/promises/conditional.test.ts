import t from 'tap'
import { person, testApp } from '../helpers/app.ts'

t.test('ETag, If-None-Match and If-Match', async (t) => {
  const app = await testApp(t)
  const ada = await person(app)
  const made = await ada.post('/api/workspaces', { name: 'One' })
  const url = made.headers.location as string
  const etag = made.headers.etag as string
  t.match(etag, /^"[\w-]+"$/, 'a strong ETag with the answer to the creation')
  const scenarios: { name: string; headers: Record<string, string>; status: number }[] = [
    { name: 'none', headers: {}, status: 200 },
    { name: 'the same', headers: { 'if-none-match': etag }, status: 304 },
    { name: 'the same, weak', headers: { 'if-none-match': `W/${etag}` }, status: 304 },
    { name: 'one of several', headers: { 'if-none-match': `"a", ${etag}` }, status: 304 },
    { name: 'any', headers: { 'if-none-match': '*' }, status: 304 },
    { name: 'another', headers: { 'if-none-match': '"a"' }, status: 200 },
  ]
  for (const { name, headers, status } of scenarios) {
    const answer = await ada.get(url, headers)
    t.equal(answer.statusCode, status, name)
    t.equal(answer.headers.etag, etag, name)
    if (status === 304) t.equal(answer.body, '', `${name}: no body`)
  }
  const changed = await ada.patch(url, { name: 'Two' }, { 'if-match': etag })
  t.not(changed.headers.etag, etag, 'a write changes it')
  t.equal((await ada.get(url, { 'if-none-match': etag })).statusCode, 200, 'and the old one no longer fits')
  t.equal((await ada.get('/api/auth/me')).headers.etag !== undefined, true, 'the account has one too')
})
