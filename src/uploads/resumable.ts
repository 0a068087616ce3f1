import { randomBytes } from 'node:crypto'
import type { Readable } from 'node:stream'
import { Problem, problem } from '../contracts/errors.ts'
import { topicOf } from '../contracts/events.ts'
import type { Actor, Operation, WorkspaceRole } from '../contracts/policy.ts'
import type { Storage } from '../contracts/storage.ts'
import type { Database } from '../db/database.ts'
import { newId } from '../lib/ids.ts'
import { cleanFileName } from './file-name.ts'
import type { Inspect } from './inspect.ts'
import type { TierUploadLimits } from './limits.ts'
import { translateStorage } from './receive.ts'
import type { UploadRepository } from './repository.ts'
import { createResumableRepository, type Part, type ResumableRow } from './resumable-repository.ts'
import { SNIFF_BYTES, sniff } from './sniff.ts'

/** How long an upload waits for its next piece. */
export const RESUMABLE_SECONDS = 24 * 3600

interface ResumableDeps {
  db: Database
  repository: UploadRepository
  storage: Storage
  inspect: Inspect
  limits: TierUploadLimits
  workspaces: {
    resolve(actor: Actor, id: string | undefined, operation: Operation): Promise<{ id: string; role: WorkspaceRole }>
  }
}

/** Where a resumable upload stands. */
export interface Progress {
  id: string
  offset: number
  length: number
  /** When it is given up if nothing more comes; RFC 3339. */
  expiresAt: string
}

/**
 * Uploads in several requests, for large files over bad connections. Each request adds a piece, and what has arrived of a
 * request that breaks off is kept; with the last byte the pieces become one file like any other. The whole length is
 * reserved of the quota at the beginning. Only whoever began an upload can go on with it.
 */
export function createResumable({ db, repository, storage, inspect, limits, workspaces }: ResumableDeps) {
  const rows = createResumableRepository(db)

  async function find(actor: Actor, id: string): Promise<ResumableRow> {
    const row = await rows.open(id, actor.userId)
    if (row === undefined) throw problem('NOT_FOUND', { detail: 'No such upload' })
    await workspaces.resolve(actor, row.workspaceId, 'uploads:write')
    return row
  }

  /** Makes the pieces one file and shows it. May run again after a crash in the middle of it. */
  async function complete(row: ResumableRow): Promise<void> {
    const parts = await rows.parts(row.id)
    const head: Buffer[] = []
    const stored = await storage.put(row.storageKey, joined(parts, head)).catch((cause) => {
      throw translateStorage(cause, row.size)
    })
    const sniffed = await sniff(Buffer.concat(head).subarray(0, SNIFF_BYTES), row.name)
    const scan = await inspect(row.storageKey).catch(async (cause) => {
      if (cause instanceof Problem && cause.code === 'FILE_INFECTED') await discard(row)
      throw cause
    })
    await db.transact(async (tx) => {
      const upload = await repository.finish(tx, { id: row.id, ...stored, ...sniffed, scan })
      if (upload) tx.emit({ topic: topicOf('workspace', row.workspaceId), name: 'upload.created', data: upload })
    })
    await removeParts(row.id)
  }

  async function* joined(parts: readonly Part[], head: Buffer[]): AsyncGenerator<Buffer> {
    let size = 0
    for (const part of parts) {
      for await (const chunk of (await storage.get(part.storageKey)).stream) {
        if (size < SNIFF_BYTES) head.push(chunk)
        size += chunk.length
        yield chunk
      }
    }
  }

  /** Forgets an upload with all that has arrived of it. */
  async function discard(row: ResumableRow): Promise<void> {
    await removeParts(row.id)
    await storage.delete(row.storageKey)
    await repository.abandon(row.id)
  }

  /** Stores what comes as the next piece; answers its bytes. */
  async function receivePart(row: ResumableRow, body: Readable): Promise<number> {
    const { id, offset } = row
    const storageKey = `${row.storageKey}.${offset}.${randomBytes(6).toString('hex')}`
    await rows.expect(id, offset, storageKey)
    const alive = setInterval(() => repository.touch(id).catch(() => {}), 60_000).unref()
    try {
      const { size } = await storage.put(storageKey, untilItBreaks(body), { maxBytes: row.size - offset })
      if (size > 0 && !(await rows.append(id, { start: offset, size, storageKey }))) {
        throw problem('CONFLICT', { detail: 'Other bytes were added there meanwhile' })
      }
      if (size === 0) await removePart(storageKey)
      return size
    } catch (cause) {
      await removePart(storageKey).catch(() => {})
      throw translateStorage(cause, row.size)
    } finally {
      clearInterval(alive)
    }
  }

  /** Each row goes after its object: it is what knows of it. */
  async function removePart(storageKey: string): Promise<void> {
    await storage.delete(storageKey)
    await rows.forget(storageKey)
  }

  async function removeParts(id: string): Promise<void> {
    for (const storageKey of await rows.objects(id)) await removePart(storageKey)
  }

  const progress = ({ id, offset, size, updatedAt }: ResumableRow): Progress => ({
    id,
    offset,
    length: size,
    expiresAt: new Date(Date.parse(updatedAt) + RESUMABLE_SECONDS * 1000).toISOString(),
  })

  return {
    /**
     * Begins an upload of a known length.
     * @throws NOT_FOUND, FORBIDDEN, PAYLOAD_TOO_LARGE, QUOTA_EXCEEDED
     */
    async begin(actor: Actor, input: { length: number; name?: string; workspaceId?: string }): Promise<Progress> {
      const workspace = await workspaces.resolve(actor, input.workspaceId, 'uploads:write')
      const { maxFileBytes, workspaceBytes } = await limits.of(actor, workspace.id)
      if (input.length > maxFileBytes) {
        throw problem('PAYLOAD_TOO_LARGE', { detail: `A file may have at most ${maxFileBytes} bytes` })
      }
      const id = newId()
      const upload = {
        id,
        workspaceId: workspace.id,
        createdBy: actor.userId,
        name: cleanFileName(input.name),
        storageKey: `${workspace.id}/${id}`,
      }
      if (!(await repository.begin(upload, input.length, workspaceBytes, 'resumable'))) {
        throw problem('QUOTA_EXCEEDED', { detail: `The workspace may store ${workspaceBytes} bytes` })
      }
      const row = await find(actor, id)
      if (input.length === 0) await complete(row)
      return progress(row)
    },

    /** Where it stands. Finishes one whose last byte came just before a crash. @throws NOT_FOUND */
    async status(actor: Actor, id: string): Promise<Progress> {
      const row = await find(actor, id)
      if (row.state === 'resumable' && row.offset === row.size) await complete(row)
      return progress(row)
    },

    /**
     * Adds bytes at an offset. What has arrived before the source broke off is kept.
     * @throws NOT_FOUND, CONFLICT (another offset is next), PAYLOAD_TOO_LARGE (more than announced), STORAGE_FULL
     */
    async append(actor: Actor, id: string, offset: number, body: Readable): Promise<Progress> {
      body.on('error', () => {})
      const row = await find(actor, id)
      if (offset !== row.offset) throw problem('CONFLICT', { detail: `The next offset is ${row.offset}` })
      if (row.state === 'ready') return progress(row)
      const size = await receivePart(row, body)
      const now = { ...row, offset: offset + size, updatedAt: new Date().toISOString() }
      if (now.offset === row.size) await complete(now)
      return progress(now)
    },

    /** Gives an upload up. @throws NOT_FOUND, CONFLICT (it is whole) */
    async cancel(actor: Actor, id: string): Promise<void> {
      const row = await find(actor, id)
      if (row.state === 'ready') throw problem('CONFLICT', { detail: 'The upload is whole: delete it as an upload' })
      await discard(row)
    },
  }
}

/** See {@link createResumable}. */
export type Resumable = ReturnType<typeof createResumable>

/** A source that ends where it breaks off. */
async function* untilItBreaks(body: Readable): AsyncGenerator<Buffer> {
  try {
    yield* body
  } catch {
    // The peer is gone; it will ask how far it came.
  }
}
