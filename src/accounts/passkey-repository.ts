import type { WebAuthnCredential } from '@simplewebauthn/server'
import type { Database } from '../db/database.ts'
import type { Tx } from '../db/transaction.ts'
import { newId } from '../lib/ids.ts'
import type { Passkey } from './model-passkeys.ts'

/** A passkey with what its answers are checked against. */
export interface PasskeyRow {
  id: string
  userId: string
  credential: WebAuthnCredential
}

interface Columns {
  id: string
  userId: string
  credentialId: string
  publicKey: string
  counter: string
}

/** SQL of passkeys. */
export function createPasskeyRepository({ sql }: Database) {
  const columns = sql`id, name, backed_up as "backedUp", created_at as "createdAt", last_used_at as "lastUsedAt"`

  return {
    list: (userId: string) =>
      sql<Passkey[]>`select ${columns} from passkeys where user_id = ${userId} order by id limit 100`,

    credentialIds: (userId: string) =>
      sql<{ id: string }[]>`select credential_id as id from passkeys where user_id = ${userId}`,

    /** Undefined when somebody has it already. */
    async insert(
      tx: Tx,
      row: { userId: string; name: string; credential: WebAuthnCredential; backedUp: boolean },
    ): Promise<Passkey | undefined> {
      const { id, publicKey, counter, transports = [] } = row.credential
      const [made] = await tx.sql<Passkey[]>`
        insert into passkeys (id, user_id, name, credential_id, public_key, counter, transports, backed_up)
        values (${newId()}, ${row.userId}, ${row.name}, ${id}, ${Buffer.from(publicKey).toString('base64url')}, ${counter},
                ${tx.sql.array([...transports])}, ${row.backedUp})
        on conflict (credential_id) do nothing returning ${columns}`
      return made
    },

    /** The passkey of an answer, held until the end of the transaction: its counter is compared and moved in one step. */
    async lock(tx: Tx, credentialId: string): Promise<PasskeyRow | undefined> {
      const [row] = await tx.sql<Columns[]>`
        select id, user_id as "userId", credential_id as "credentialId", public_key as "publicKey", counter
        from passkeys where credential_id = ${credentialId} for update`
      if (row === undefined) return undefined
      const { id, userId } = row
      const publicKey = new Uint8Array(Buffer.from(row.publicKey, 'base64url'))
      return { id, userId, credential: { id: row.credentialId, publicKey, counter: Number(row.counter) } }
    },

    used: (tx: Tx, id: string, counter: number, backedUp: boolean) =>
      tx.sql`update passkeys set counter = ${counter}, backed_up = ${backedUp}, last_used_at = now() where id = ${id}`,

    async rename(userId: string, id: string, name: string): Promise<Passkey | undefined> {
      const [row] = await sql<Passkey[]>`
        update passkeys set name = ${name} where user_id = ${userId} and id = ${id} returning ${columns}`
      return row
    },

    async remove(tx: Tx, userId: string, id: string): Promise<boolean> {
      const rows = await tx.sql`delete from passkeys where user_id = ${userId} and id = ${id} returning id`
      return rows.length > 0
    },
  }
}
