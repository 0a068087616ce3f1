import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { person, testApp } from '../helpers/app.ts'
import { fakeClamd } from '../helpers/clamd.ts'
import { fileForm, form } from './form.ts'

// The EICAR test file, in two halves: whole, it would alarm the scanners of whoever checks this out.
const EICAR = ['X5O!P%@AP[4\\PZX54(P^)7CC)7}$', 'EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*'].join('')

const stored = (app: FastifyInstance) =>
  readdirSync(join(app.config.DATA_DIR, 'storage'), { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  )

t.test('every upload is scanned before it is visible', async (t) => {
  const app = await testApp(t, { env: { CLAMD_URL: await fakeClamd(t, { maxBytes: 100_000 }) } })
  const ada = await person(app)
  const post = ({ payload, headers }: ReturnType<typeof form>) => ada.post('/api/uploads', payload, headers)
  const used = async () => (await app.uploads.usage({ userId: ada.id, role: 'user', tier: 'free' })).used

  const clean = await post(fileForm('clean.txt', 'hello'))
  t.match([clean.statusCode, clean.json()], [201, { scan: 'clean' }])
  const refused = [
    ['a virus', fileForm('virus.txt', EICAR)],
    ['a virus among others', form({ filename: 'a', content: 'fine' }, { filename: 'b.txt', content: `xx${EICAR}` })],
  ] as const
  for (const [name, sent] of refused) {
    const answer = await post(sent)
    t.match([answer.statusCode, answer.json()], [422, { code: 'FILE_INFECTED', detail: /Eicar-Test/ }], name)
    t.same([stored(app).length, await used()], [1, 5], `${name}: nothing is left`)
  }
  const large = await post(fileForm('large.bin', Buffer.alloc(150_000)))
  t.match([large.statusCode, large.json()], [201, { scan: 'failed' }], 'what the scanner cannot judge is recorded')
  const { id } = large.json<{ id: string }>()
  t.equal((await ada.get(`/api/uploads/${id}`)).statusCode, 200)
  t.match(
    (await ada.get(`/api/uploads/${id}/content`)).json(),
    { status: 422, detail: /its scan is failed/ },
    'and held back',
  )

  const tus = { 'tus-resumable': '1.0.0' }
  const begun = await ada.post('/api/uploads/tus', undefined, { ...tus, 'upload-length': String(EICAR.length) })
  const location = begun.headers.location as string
  const append = (offset: number, text: string) =>
    ada.patch(location, Buffer.from(text), {
      ...tus,
      'upload-offset': String(offset),
      'content-type': 'application/offset+octet-stream',
    })
  t.equal((await append(0, EICAR.slice(0, 30))).statusCode, 204)
  t.match((await append(30, EICAR.slice(30))).json(), { status: 422, code: 'FILE_INFECTED' }, 'a virus in pieces')
  t.equal((await append(0, 'x')).statusCode, 404)
  t.same([stored(app).length, await used()], [2, 150_005])
  t.match((await app.inject('/health')).json(), { checks: { scanner: { status: 'ok' } } })
})

t.test('while the scanner is away nothing comes in', async (t) => {
  const app = await testApp(t, { env: { CLAMD_URL: 'tcp://127.0.0.1:1' } })
  const ada = await person(app)
  const { payload, headers } = fileForm('a.txt', 'hello')
  const answer = await ada.post('/api/uploads', payload, headers)
  t.match(
    [answer.statusCode, answer.headers['retry-after'], answer.json()],
    [503, '10', { code: 'DEPENDENCY_UNAVAILABLE' }],
  )
  t.same(stored(app), [])
  t.match((await app.inject('/health')).json(), { status: 'degraded', checks: { scanner: { status: 'down' } } })
  t.equal((await app.inject('/health/ready')).statusCode, 200, 'everything else goes on')
})
