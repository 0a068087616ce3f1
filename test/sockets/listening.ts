import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'
import { type Person, type TestAppOptions, testApp } from '../helpers/app.ts'
import { testDatabase } from '../helpers/database.ts'
import { openSocket } from '../helpers/socket-client.ts'

/** An app that listens, and how to connect to it. */
export async function listening(t: Test, options: TestAppOptions = {}) {
  const app = await testApp(t, options)
  await app.listen({ port: 0, host: '127.0.0.1' })
  const url = `ws://127.0.0.1:${(app.server.address() as AddressInfo).port}/ws`
  const open = async (who?: Person) => {
    const client = await openSocket(url, who ? { token: who.token } : {})
    t.teardown(() => client.socket.terminate())
    if (who) await client.find((frame) => frame.event === 'authenticated')
    return client
  }
  return { app, url, open }
}

/** A conversation without an assistant. */
export async function room(owner: Person, ...guests: Person[]) {
  const made = await owner.post('/api/conversations', { assistant: 'off' })
  const url = made.headers.location as string
  for (const guest of guests) await owner.post(`${url}/members`, { userId: guest.id })
  const id = url.split('/').at(-1) as string
  return { url, id, topic: `conversation:${id}` }
}

/** Two instances on one database, with the bus of the environment. */
export async function pair(t: Test, env: Record<string, string> = {}) {
  const databaseUrl = await testDatabase(t)
  const JWT_SECRET = 'one secret for all instances of this test'
  const [a, b] = [
    await listening(t, { databaseUrl, env: { JWT_SECRET, ...env } }),
    await listening(t, { databaseUrl, env: { JWT_SECRET, ...env } }),
  ]
  return { a, b, databaseUrl }
}
