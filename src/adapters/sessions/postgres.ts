import type { PubSub } from '../../contracts/pubsub.ts'
import type { LoadStanding, SessionLookup } from '../../contracts/sessions.ts'
import { createNear } from './near.ts'

/** Settings of the look-up on PostgreSQL. */
export interface PostgresSessionsOptions {
  /** One query by primary keys. */
  load: LoadStanding
  pubsub: PubSub
  ttlMs?: number
}

/** Looks sessions up in the database, and keeps them in the process for a second. */
export async function createPostgresSessions({ load, ...options }: PostgresSessionsOptions): Promise<SessionLookup> {
  const near = await createNear({ ...options, find: (_userId, sessionId) => load(sessionId) })
  return { backend: 'postgres', find: near.find, forget: near.forget, close: near.close }
}
