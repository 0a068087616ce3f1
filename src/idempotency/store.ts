import { AsyncLocalStorage } from 'node:async_hooks'
import type { Database } from '../db/database.ts'
import { SEALED } from '../db/sealed.ts'
import type { Tx } from '../db/transaction.ts'
import type { Sealer } from '../lib/seal.ts'

/** A request that carried an Idempotency-Key. */
export interface KeyedRequest {
  /** Whose key it is: `user:<id>` or `address:<ip>`. */
  scope: string
  key: string
  /** SHA-256 of method, route and body. */
  fingerprint: string
}

/** An answer as it was given. */
export interface StoredAnswer {
  status: number
  headers: Record<string, string>
  body: string
}

/** What to do with a keyed request. `outcome` is what its service returned before the process died: it still has to be answered. */
export type Claim =
  | { kind: 'fresh' }
  | { kind: 'answered'; answer: StoredAnswer }
  | { kind: 'outcome'; outcome: unknown }
  | { kind: 'mismatch' }
  | { kind: 'running' }

/** How long a request may be handled before a retry may take over: longer than any request lives. */
const LEASE_SECONDS = 60
const { purpose } = SEALED['idempotency_keys.body']

interface Row {
  fingerprint: string
  outcome: string | null
  status: number | null
  headers: Record<string, string> | null
  body: string | null
}

/** The keyed request that the current asynchronous call chain serves; read by the transaction, which records what it returns. */
export const keyedRequest = new AsyncLocalStorage<KeyedRequest>()

/** Idempotency keys in PostgreSQL (draft-ietf-httpapi-idempotency-key-header-07). Answers are sealed: they may hold tokens. */
export function createIdempotencyStore({ sql }: Database, sealer: Sealer) {
  async function read({ scope, key, fingerprint }: KeyedRequest): Promise<Claim> {
    const [row] = await sql<Row[]>`
      select fingerprint, outcome, status, headers, body
      from idempotency_keys where scope = ${scope} and key = ${key}`
    if (row === undefined) return { kind: 'running' }
    if (row.fingerprint !== fingerprint) return { kind: 'mismatch' }
    if (row.status !== null) {
      return {
        kind: 'answered',
        answer: {
          status: row.status,
          headers: row.headers ?? {},
          body: sealer.open(row.body ?? '', purpose(scope, key)),
        },
      }
    }
    return row.outcome === null
      ? { kind: 'running' }
      : { kind: 'outcome', outcome: JSON.parse(sealer.open(row.outcome, purpose(scope, key))) }
  }

  return {
    /** Claims a key, or tells what is known of it. A lease that ran out without an outcome is taken over. */
    async claim(request: KeyedRequest): Promise<Claim> {
      const { scope, key, fingerprint } = request
      const rows = await sql`
        insert into idempotency_keys as k (scope, key, fingerprint, lease_until)
        values (${scope}, ${key}, ${fingerprint}, now() + make_interval(secs => ${LEASE_SECONDS}))
        on conflict (scope, key) do update set lease_until = excluded.lease_until
          where k.fingerprint = excluded.fingerprint and k.status is null and k.outcome is null and k.lease_until < now()
        returning scope`
      return rows.length > 0 ? { kind: 'fresh' } : read(request)
    },

    /** Keeps the answer for retries. */
    async finish({ scope, key }: KeyedRequest, answer: StoredAnswer): Promise<void> {
      await sql`
        update idempotency_keys set status = ${answer.status}, headers = ${JSON.stringify(answer.headers)}::text::jsonb,
               body = ${sealer.seal(answer.body, purpose(scope, key))}, outcome = null
        where scope = ${scope} and key = ${key}`
    },

    /** Forgets a key whose request failed without effect, so that a retry runs. */
    async release({ scope, key }: KeyedRequest): Promise<void> {
      await sql`delete from idempotency_keys where scope = ${scope} and key = ${key} and status is null and outcome is null`
    },

    /**
     * Records what a transaction returns, within it, for the keyed request it serves: should the process die before it can answer, a retry gets it.
     * The first transaction of a request counts, so a service does its effect in one, and what it commits later is follow-up.
     */
    async record(tx: Tx, outcome: unknown): Promise<void> {
      const request = keyedRequest.getStore()
      if (request === undefined) return
      await tx.sql`
        update idempotency_keys set outcome = ${sealer.seal(JSON.stringify(outcome ?? null), purpose(request.scope, request.key))}
        where scope = ${request.scope} and key = ${request.key} and outcome is null and status is null`
    },

    /** Deletes keys older than a day. */
    async sweep(): Promise<void> {
      await sql`delete from idempotency_keys where created_at < now() - interval '24 hours'`
    },
  }
}

/** See {@link createIdempotencyStore}. */
export type IdempotencyStore = ReturnType<typeof createIdempotencyStore>
