import t from 'tap'
import { caller, person, testApp } from '../helpers/app.ts'

t.test('every schema of every route can be compiled, and behaves at boot as at first use', async (t) => {
  const answers = async (schemas: 'at-boot' | 'at-first-use') => {
    const app = await testApp(t, { schemas })
    const ada = await person(app)
    const given = [
      await ada.get('/api/workspaces?limit=5'),
      await ada.get('/api/workspaces?limit=0'),
      await ada.get('/api/workspaces/nothing'),
      await ada.post('/api/workspaces', { name: '' }),
      await ada.post('/api/workspaces', { name: 'Shared', extra: 1 }),
      await ada.post('/api/workspaces', { name: null }),
      await caller(app).get('/health/live'),
    ]
    return given.map((answer) => {
      const { errors, code } = answer.json<{ errors?: unknown; code?: string }>()
      return { status: answer.statusCode, code, errors }
    })
  }
  const atBoot = await answers('at-boot')
  const atFirstUse = await answers('at-first-use')
  t.same(atFirstUse, atBoot)
  t.same(
    atBoot.map(({ status }) => status),
    [200, 400, 400, 400, 400, 400, 200],
  )
})
