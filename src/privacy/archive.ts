import type { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import type { Database } from '../db/database.ts'

/** What the archive is made of. */
export interface ArchiveDeps {
  db: Database
  /** The content of an uploaded file. @throws when it cannot be read (any more) */
  readFile: (id: string) => Promise<Readable>
}

const BATCH = 1_000

/** Rows of a query by id, a batch at a time. */
type Rows = (after: string) => Promise<readonly { id: string }[]>

const NIL = '00000000-0000-0000-0000-000000000000'

/** What is kept of somebody, by file of the archive. Secrets (hashes, keys) are left out: they say nothing about a person. */
function tables({ sql }: Database, userId: string): Record<string, Rows> {
  return {
    sessions: (after) => sql`
      select id, user_agent, address, created_at, last_seen_at, expires_at, revoked_at from sessions
      where user_id = ${userId} and id > ${after} order by id limit ${BATCH}`,
    'api-keys': (after) => sql`
      select id, name, scopes, created_at, last_used_at, expires_at, revoked_at from api_keys
      where user_id = ${userId} and id > ${after} order by id limit ${BATCH}`,
    workspaces: (after) => sql`
      select w.id, w.name, w.personal, m.role, m.created_at from workspace_members m join workspaces w on w.id = m.workspace_id
      where m.user_id = ${userId} and w.id > ${after} order by w.id limit ${BATCH}`,
    conversations: (after) => sql`
      select c.id, c.title, c.workspace_id, m.role, m.created_at from conversation_members m join conversations c on c.id = m.conversation_id
      where m.user_id = ${userId} and c.id > ${after} order by c.id limit ${BATCH}`,
    messages: (after) => sql`
      select id, conversation_id, seq, content, reply_to, attachments, created_at, edited_at, deleted_at from messages
      where author_id = ${userId} and id > ${after} order by id limit ${BATCH}`,
    uploads: (after) => sql`
      select id, workspace_id, name, size, content_type, sha256, created_at from uploads
      where created_by = ${userId} and state = 'ready' and deleted_at is null and id > ${after} order by id limit ${BATCH}`,
    jobs: (after) => sql`
      select id, name, state, workspace_id, created_at, finished_at from jobs
      where user_id = ${userId} and id > ${after} order by id limit ${BATCH}`,
    audit: (after) => sql`
      select id, action, actor_id, target_id, address, details, created_at from audit_log
      where (actor_id = ${userId} or target_id = ${userId}) and id > ${after} order by id limit ${BATCH}`,
  }
}

/**
 * Everything that is kept of somebody as a tar.gz: JSON lines in files of bounded size, and the uploaded files themselves. Nothing is held in memory
 * beyond a batch.
 */
export async function personalArchive(
  { db, readFile }: ArchiveDeps,
  userId: string,
  signal: AbortSignal,
): Promise<Readable> {
  const { pack } = await import('tar-stream')
  const tar = pack()
  const text = (name: string, content: string) =>
    new Promise<void>((resolve, reject) => tar.entry({ name }, content, (error) => (error ? reject(error) : resolve())))

  async function table(name: string, rows: Rows): Promise<void> {
    for (let after = NIL, part = 1; ; part += 1) {
      signal.throwIfAborted()
      const batch = await rows(after)
      if (batch.length > 0 || part === 1)
        await text(
          `${name}-${String(part).padStart(4, '0')}.jsonl`,
          batch.map((row) => `${JSON.stringify(row)}\n`).join(''),
        )
      if (batch.length < BATCH) return
      after = batch.at(-1)?.id as string
    }
  }

  async function files(rows: Rows): Promise<void> {
    for (let after = NIL; ; ) {
      const batch = (await rows(after)) as readonly { id: string; name: string; size: number }[]
      for (const { id, name, size } of batch) {
        signal.throwIfAborted()
        // Quarantined or just deleted: its row tells of it.
        const content = await readFile(id).catch(() => undefined)
        if (content === undefined) continue
        const entry = tar.entry({ name: `files/${id}-${name.slice(0, 80)}`, size: Number(size) })
        await pipeline(content, entry as unknown as Writable, { signal })
      }
      if (batch.length < BATCH) return
      after = batch.at(-1)?.id as string
    }
  }

  async function fill(): Promise<void> {
    const [account] = await db.sql`
      select id, email, name, role, tier, email_verified, created_at, updated_at from users where id = ${userId}`
    await text('account.json', JSON.stringify(account ?? null, undefined, 2))
    const all = tables(db, userId)
    for (const [name, rows] of Object.entries(all)) await table(name, rows)
    await files(all.uploads as Rows)
    tar.finalize()
  }

  const zipped = createGzip()
  tar.on('error', (error) => zipped.destroy(error))
  fill().catch((error: Error) => tar.destroy(error))
  return tar.pipe(zipped)
}
