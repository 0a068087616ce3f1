import { PgDatabase, PgDialect } from 'drizzle-orm/pg-core'
import { PostgresJsSession } from 'drizzle-orm/postgres-js'
import type { TransactionSql } from 'postgres'
import type { NewEvent, Position, StoredEvent } from '../contracts/events.ts'
import { newId } from '../lib/ids.ts'
import type { Client, Orm } from './client.ts'

/** A job to hand to the queue once the transaction is committed. */
export interface NewJob {
  name: string
  data: object
  /** Whose job it is; null for the server's own (`needs: 'server'` in the table of jobs). */
  userId: string | null
  workspaceId?: string | undefined
  /** At most one queued job with the same key: a second one is not made. */
  dedupeKey?: string | undefined
}

/** An open transaction: two faces of one connection, and what shall be told once it is committed. */
export interface Tx {
  sql: TransactionSql
  orm: Orm
  /** Writes an event at the end of the transaction. */
  emit(event: NewEvent): void
  /** Writes events now and tells their numbers. Locks their topics until the end: call it once, and late. */
  emitNow(events: NewEvent[]): Promise<Position[]>
  /** Has events announced that a statement of this transaction has stored by itself (`emit_events`). */
  stored(events: StoredEvent[]): void
  /** Inserts a job. Answers its id, or undefined when a queued one with the same key is there already. */
  job(job: NewJob): Promise<string | undefined>
}

/** What a committed transaction leaves to be announced. */
export interface Committed {
  events: StoredEvent[]
  /** Ids of new jobs. */
  jobs: string[]
}

type LastStep = (tx: Tx, result: unknown) => Promise<void>

const dialect = new PgDialect({ casing: 'snake_case' })
const RETRIED = new Set(['40001', '40P01'])
const ATTEMPTS = 5

/** Whether PostgreSQL itself has refused a statement: nothing is left of it. */
export const isRefused = (error: unknown): boolean => typeof (error as { severity?: unknown }).severity === 'string'

const codeOf = (error: unknown): string | undefined => {
  const { code, cause } = error as { code?: string; cause?: { code?: string } }
  return cause?.code ?? code
}

/** Does work anew that PostgreSQL undid because it met with another's (deadlock, serialization failure): so it must touch nothing but the database. */
export async function retried<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work()
    } catch (error) {
      if (attempt >= ATTEMPTS || !RETRIED.has(codeOf(error) ?? '')) throw error
    }
  }
}

function openTx(sql: TransactionSql) {
  const pending: NewEvent[] = []
  const committed: Committed = { events: [], jobs: [] }

  async function emitNow(events: NewEvent[]): Promise<Position[]> {
    if (events.length === 0) return []
    const rows = await sql<{ position_epoch: string; position_seq: number }[]>`
      select position_epoch, position_seq from emit_events(
        ${sql.array(events.map((event) => event.topic))}::text[],
        ${sql.array(events.map((event) => event.name))}::text[],
        ${sql.array(events.map((event) => JSON.stringify(event.data)))}::text[]::jsonb[])`
    return rows.map((row, index) => {
      const event = events[index] as NewEvent
      const position = { epoch: row.position_epoch, seq: Number(row.position_seq) }
      const numbered = (event.data as { seq?: unknown }).seq === null
      committed.events.push({
        ...event,
        data: numbered ? { ...event.data, seq: position.seq } : event.data,
        ...position,
      })
      return position
    })
  }

  const session = new PostgresJsSession(sql as never, dialect, undefined)
  const tx: Tx = {
    sql,
    orm: new PgDatabase(dialect, session as never, undefined) as unknown as Orm,
    emit: (event) => void pending.push(event),
    emitNow,
    stored: (events) => void committed.events.push(...events),
    async job({ name, data, userId, workspaceId, dedupeKey }) {
      const id = newId()
      const rows = await sql`
        insert into jobs (id, name, data, user_id, workspace_id, dedupe_key)
        values (${id}, ${name}, ${JSON.stringify(data)}::text::jsonb, ${userId}, ${workspaceId ?? null}, ${dedupeKey ?? null})
        on conflict (dedupe_key) where state = 'queued' and dedupe_key is not null do nothing
        returning id`
      if (rows.length === 0) return undefined
      committed.jobs.push(id)
      return id
    },
  }
  return { tx, flush: () => emitNow(pending.splice(0)), committed }
}

/**
 * Makes `transact`: runs a function in one transaction together with the events and jobs it announces, and tells the listeners after
 * the commit. Deadlocks and serialization failures run the function again, so it must touch nothing but the transaction.
 * Listeners are called in the order of registration, and their failures do not undo the commit.
 */
export function createTransactor({ sql }: Client, onListenerError: (error: unknown) => void) {
  const listeners: ((committed: Committed) => void)[] = []
  const last: { step: LastStep; applies: () => boolean }[] = []

  function announce(committed: Committed) {
    if (committed.events.length === 0 && committed.jobs.length === 0) return
    for (const listener of listeners) {
      try {
        listener(committed)
      } catch (error) {
        onListenerError(error)
      }
    }
  }

  async function transact<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    const { value, committed } = await retried(
      () =>
        sql.begin(async (connection) => {
          const open = openTx(connection)
          const result = await work(open.tx)
          for (const { step } of last) await step(open.tx, result)
          await open.flush()
          return { value: result, committed: open.committed }
        }) as Promise<{ value: T; committed: Committed }>,
    )
    announce(committed)
    return value
  }

  return {
    transact,
    /** Tells the listeners of events that a single-statement write has stored by itself. */
    announce,
    /**
     * Adds a step that each transaction takes at its end, with what it is going to return.
     * @param applies whether it has anything to do in the current call chain
     */
    onCommitting: (step: LastStep, applies: () => boolean = () => true) => void last.push({ step, applies }),
    /** Whether such a step has to see what this call returns: then the write goes through `transact`, by itself, with that result. */
    watched: () => last.some(({ applies }) => applies()),
    onCommitted: (listener: (committed: Committed) => void) => void listeners.push(listener),
  }
}
