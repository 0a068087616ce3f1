import type { Tx } from '../db/transaction.ts'
import { newId } from '../lib/ids.ts'

/** A stored authenticator app. */
export interface TotpRow {
  secret: string
  confirmedAt: string | null
  createdAt: string
}

/** SQL of second factors. All of it within the caller's transaction. */
export const factorRepository = {
  async totp(tx: Tx, userId: string): Promise<TotpRow | undefined> {
    const [row] = await tx.sql<TotpRow[]>`
      select secret, confirmed_at as "confirmedAt", created_at as "createdAt" from totp_factors where user_id = ${userId}`
    return row
  },

  /** Puts a secret that waits for its first code; false when a confirmed one is there. */
  async enrol(tx: Tx, userId: string, secret: string): Promise<boolean> {
    const rows = await tx.sql`
      insert into totp_factors (user_id, secret) values (${userId}, ${secret})
      on conflict (user_id) do update set secret = excluded.secret, created_at = now(), last_step = 0
        where totp_factors.confirmed_at is null
      returning user_id`
    return rows.length > 0
  },

  /** Confirms the waiting secret with the step of its first code; false when there is none. */
  async confirm(tx: Tx, userId: string, step: number): Promise<boolean> {
    const rows = await tx.sql`
      update totp_factors set confirmed_at = now(), last_step = ${step} where user_id = ${userId} and confirmed_at is null returning user_id`
    return rows.length > 0
  },

  /** Uses a step up; false when it, or a later one, was used already. */
  async takeStep(tx: Tx, userId: string, step: number): Promise<boolean> {
    const rows = await tx.sql`
      update totp_factors set last_step = ${step} where user_id = ${userId} and last_step < ${step} returning user_id`
    return rows.length > 0
  },

  /** Removes the app and the recovery codes; false when there was no confirmed app. */
  async remove(tx: Tx, userId: string): Promise<boolean> {
    await tx.sql`delete from recovery_codes where user_id = ${userId}`
    const rows = await tx.sql<{ confirmedAt: string | null }[]>`
      delete from totp_factors where user_id = ${userId} returning confirmed_at as "confirmedAt"`
    return rows[0] !== undefined && rows[0].confirmedAt !== null
  },

  async replaceRecoveryCodes(tx: Tx, userId: string, hashes: readonly string[]): Promise<void> {
    await tx.sql`delete from recovery_codes where user_id = ${userId}`
    for (const hash of hashes)
      await tx.sql`insert into recovery_codes (id, user_id, hash) values (${newId()}, ${userId}, ${hash})`
  },

  /** Uses a code up. Behind the lock of {@link factorRepository.lockFailures}. */
  async useRecoveryCode(tx: Tx, userId: string, hash: string): Promise<'right' | 'used' | 'wrong'> {
    const [row] = await tx.sql<{ usedAt: string | null }[]>`
      select used_at as "usedAt" from recovery_codes where user_id = ${userId} and hash = ${hash}`
    if (row === undefined) return 'wrong'
    if (row.usedAt !== null) return 'used'
    await tx.sql`update recovery_codes set used_at = now() where user_id = ${userId} and hash = ${hash}`
    return 'right'
  },

  async recoveryCodesLeft(tx: Tx, userId: string): Promise<number> {
    const [row] = await tx.sql<{ left: number }[]>`
      select count(*)::int as left from recovery_codes where user_id = ${userId} and used_at is null`
    return row?.left ?? 0
  },

  /** Locks the row that counts failures until the end of the transaction; tells for how many seconds no code is looked at. */
  async lockFailures(tx: Tx, userId: string): Promise<number> {
    await tx.sql`insert into factor_failures (user_id) values (${userId}) on conflict do nothing`
    const [row] = await tx.sql<{ lockedFor: number }[]>`
      select coalesce(greatest(0, ceil(extract(epoch from locked_until - now()))), 0)::int as "lockedFor"
      from factor_failures where user_id = ${userId} for update`
    return row?.lockedFor ?? 0
  },

  clearFailures: (tx: Tx, userId: string) =>
    tx.sql`update factor_failures set failures = 0, locked_until = null where user_id = ${userId}`,

  /** Counts a failure; at the last allowed one it locks for a while and begins to count anew. Answers whether it did. */
  async countFailure(tx: Tx, userId: string, most: number, minutes: number): Promise<boolean> {
    const [row] = await tx.sql<{ locked: boolean }[]>`
      update factor_failures set
        failures = case when failures + 1 >= ${most}::int then 0 else failures + 1 end,
        locked_until = case when failures + 1 >= ${most}::int then now() + make_interval(mins => ${minutes}) end
      where user_id = ${userId} returning locked_until is not null as locked`
    return row?.locked ?? false
  },
}
