import { randomUUID } from 'node:crypto'
import t from 'tap'
import { person, testApp } from '../helpers/app.ts'

type Method = 'get' | 'patch' | 'delete' | 'post'

/** Routes that take an id, with a body that would be right. */
const routes: [Method, (id: string) => string, object?][] = [
  ['patch', (id) => `/api/workspaces/${id}`, { name: 'New' }],
  ['delete', (id) => `/api/workspaces/${id}`],
  ['get', (id) => `/api/workspaces/${id}/members`],
  ['patch', (id) => `/api/workspaces/${id}/members/${id}`, { role: 'viewer' }],
  ['delete', (id) => `/api/workspaces/${id}/members/${id}`],
  ['delete', (id) => `/api/conversations/${id}`],
  ['delete', (id) => `/api/messages/${id}`],
  ['post', (id) => `/api/messages/${id}/regenerate`],
  ['post', (id) => `/api/jobs/${id}/cancel`],
  ['post', (id) => `/api/jobs/${id}/retry`],
]
const headers = { 'if-match': '"1"', 'tus-resumable': '1.0.0' }

t.test('an id that is none is 400, one of nobody is 404', async (t) => {
  const app = await testApp(t)
  const ada = await person(app)
  const call = (method: Method, url: string, body?: object) =>
    method === 'get'
      ? ada.get(url, headers)
      : method === 'delete'
        ? ada.delete(url, headers)
        : ada[method](url, body, headers)
  for (const [method, path, body] of routes) {
    const name = `${method.toUpperCase()} ${path(':id')}`
    const wrong = await call(method, path('not-an-id'), body)
    t.equal(wrong.statusCode, 400, `${name} with what is no id`)
    t.equal(wrong.json().code, 'VALIDATION_FAILED', name)
    const unknown = await call(method, path(randomUUID()), body)
    t.equal(unknown.statusCode, 404, `${name} with an unknown id`)
    t.equal(unknown.json().code, 'NOT_FOUND', name)
  }
  t.equal((await ada.delete('/api/uploads/tus/not-an-id', headers)).statusCode, 400)
  t.equal((await ada.post('/api/auth/refresh', { refreshToken: 7 })).statusCode, 400)
})

t.test('a job that waits is cancelled', async (t) => {
  const app = await testApp(t, { env: { ROLE: 'api' } })
  const ada = await person(app)
  const asked = await ada.post('/api/chat', { message: 'Is anybody there?' }, { prefer: 'respond-async' })
  t.equal(asked.statusCode, 202)
  const { job } = asked.json<{ job: { id: string } }>()
  const cancelled = await ada.post(`/api/jobs/${job.id}/cancel`)
  t.equal(cancelled.statusCode, 200)
  t.equal(cancelled.json().state, 'cancelled')
})
