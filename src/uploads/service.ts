import type { Readable } from 'node:stream'
import { problem } from '../contracts/errors.ts'
import { topicOf } from '../contracts/events.ts'
import { idAfter } from '../contracts/list.ts'
import { type Actor, demand, type Operation, TIERS, type WorkspaceRole } from '../contracts/policy.ts'
import type { Scanner } from '../contracts/scanner.ts'
import { type ByteRange, type OpenedObject, type Storage, StorageError } from '../contracts/storage.ts'
import { isServed, type UploadReader } from '../contracts/uploads.ts'
import type { Database } from '../db/database.ts'
import { toPage } from '../lib/cursor.ts'
import { matchesETag, recordETag } from '../lib/etag.ts'
import { type Download, type DownloadRequest, planDownload } from './download.ts'
import { readField, readForm } from './form.ts'
import { createInspector } from './inspect.ts'
import { createTierLimits, type UploadLimits } from './limits.ts'
import type { SignedUrl, SignedUrlBody, Upload, UploadBatch, UploadListQuery } from './model.ts'
import { createReceiver, digestOf, type FormPart, type ReceivedFile } from './receive.ts'
import { createUploadRepository, type UploadRow, withoutKey } from './repository.ts'
import { createResumable, RESUMABLE_SECONDS } from './resumable.ts'
import type { UrlSigner } from './signed-url.ts'

/** What the uploads need from the rest of the house. */
export interface UploadDeps {
  db: Database
  storage: Storage
  /** Absent where none is configured. */
  scanner: Scanner | undefined
  signer: UrlSigner
  /** Those of the free tier; see TIER_LIMITS. */
  limits: UploadLimits
  workspaces: {
    resolve(actor: Actor, id: string | undefined, operation: Operation): Promise<{ id: string; role: WorkspaceRole }>
    roleOf(userId: string, id: string): Promise<WorkspaceRole | undefined>
  }
}

/** Runs the work of a request, given what identifies it; undefined when it was done before, and has been answered so. */
export type Once = <T>(digest: string, work: () => Promise<T>) => Promise<T | undefined>

/** What comes with an upload request besides its form. */
export interface CreateOptions {
  workspaceId?: string | undefined
  /** Content-Length, as far as it is known. */
  contentLength?: number | undefined
  once: Once
}

/** What of its storage a workspace uses. In bytes. */
export interface UploadUsage {
  workspaceId: string
  used: number
  limit: number
  /** The largest file that who asked may send. */
  maxFileBytes: number
}

/** Room in a form for what is not file content: boundaries, headers, fields. */
const FORM_OVERHEAD = 1024 * 1024
/** Seconds after which a file that was not touched belongs to a dead process, or to a client that will not come back. */
const ABANDONED_SECONDS = { receiving: 15 * 60, resumable: RESUMABLE_SECONDS }
const NO_UPLOAD = 'No such upload'

/** Uploaded files: who may see them, how they come in, and how they are read. */
export function createUploads({ db, storage, scanner, signer, limits: base, workspaces }: UploadDeps) {
  const repository = createUploadRepository(db)
  const limits = createTierLimits({ base, ownerTier: repository.ownerTier })
  const inspect = createInspector(storage, scanner)
  const receive = createReceiver({ repository, storage, inspect })

  /** A guest of a conversation may read what is attached there, and nothing else of its workspace. */
  const guestRole = async (actor: Actor, id: string): Promise<WorkspaceRole | undefined> =>
    (await repository.isAttachedFor(id, actor.userId)) ? 'viewer' : undefined

  async function find(actor: Actor, id: string, operation: Operation): Promise<UploadRow> {
    const row = await repository.byId(id)
    const role = row && ((await workspaces.roleOf(actor.userId, row.workspaceId)) ?? (await guestRole(actor, id)))
    demand(role, operation, 'upload')
    return row as UploadRow
  }

  /** Refuses by the declared length what cannot fit anyhow, before it is sent. */
  function refuseTooLarge({ tier }: Actor, contentLength: number): void {
    const most = limits.maxFileBytes(tier)
    if (contentLength <= most + FORM_OVERHEAD) return
    throw problem('PAYLOAD_TOO_LARGE', { detail: `A request may carry at most ${most} bytes of files` })
  }

  async function refuseOverQuota(workspaceId: string, contentLength: number, allowed: UploadLimits): Promise<void> {
    const left = allowed.workspaceBytes - (await repository.used(workspaceId))
    if (contentLength <= left + FORM_OVERHEAD) return
    throw problem('QUOTA_EXCEEDED', { detail: `The workspace has ${Math.max(left, 0)} bytes left` })
  }

  async function receiveForm(
    actor: Actor,
    parts: AsyncIterable<FormPart>,
    options: CreateOptions,
    received: ReceivedFile[],
  ) {
    const fields: Record<string, string> = {}
    let expected = options.contentLength
    let target: { workspaceId: string; limits: UploadLimits } | undefined
    if (expected !== undefined) refuseTooLarge(actor, expected)
    for await (const part of readForm(parts)) {
      if (part.type === 'field') {
        readField(fields, part.fieldname, part.value, received.length > 0)
        continue
      }
      part.file.on('error', () => {})
      if (target === undefined) {
        const { id } = await workspaces.resolve(actor, fields.workspaceId ?? options.workspaceId, 'uploads:write')
        target = { workspaceId: id, limits: await limits.of(actor, id) }
        if (expected !== undefined) await refuseOverQuota(id, expected, target.limits)
      }
      const file = await receive({ ...target, userId: actor.userId }, part, expected)
      received.push(file)
      if (expected !== undefined) expected = Math.max(expected - file.size, 0)
    }
    if (target === undefined) {
      const errors = [{ path: 'body/file', message: 'is required' }]
      throw problem('VALIDATION_FAILED', { detail: 'The form has no file', errors })
    }
    const { workspaceId } = target
    return { workspaceId, digest: digestOf({ ...fields, workspaceId }, received) }
  }

  /** Makes all files of a request visible in one transaction. */
  const publish = (workspaceId: string, files: readonly ReceivedFile[]): Promise<Upload | UploadBatch> =>
    db.transact(async (tx) => {
      const items: Upload[] = []
      for (const file of files) {
        const upload = await repository.finish(tx, file)
        if (upload === undefined)
          throw problem('DEPENDENCY_UNAVAILABLE', { detail: 'The upload took too long', retryAfter: 1 })
        tx.emit({ topic: topicOf('workspace', workspaceId), name: 'upload.created', data: upload })
        items.push(upload)
      }
      const [first] = items
      return first && items.length === 1 ? first : { items }
    })

  async function open(row: UploadRow | undefined, range?: ByteRange): Promise<OpenedObject> {
    if (row === undefined) throw problem('NOT_FOUND', { detail: NO_UPLOAD })
    demandServed(row)
    return storage.get(row.storageKey, range).catch((cause) => {
      if (cause instanceof StorageError && cause.code === 'INVALID_RANGE')
        throw problem('RANGE_NOT_SATISFIABLE', { cause })
      throw problem('DEPENDENCY_UNAVAILABLE', { detail: 'The content cannot be read now', retryAfter: 5, cause })
    })
  }

  const purge = ({ storageKey }: { storageKey: string }) => storage.delete(storageKey)

  const service = {
    /**
     * Receives the files of a form: all or none. One file answers its record, several answer them as `items`; undefined when `once`
     * has answered with what was done before.
     * @throws NOT_FOUND, FORBIDDEN, VALIDATION_FAILED, BAD_REQUEST, PAYLOAD_TOO_LARGE, QUOTA_EXCEEDED, FILE_INFECTED, STORAGE_FULL
     */
    async create(
      actor: Actor,
      parts: AsyncIterable<FormPart>,
      options: CreateOptions,
    ): Promise<Upload | UploadBatch | undefined> {
      const received: ReceivedFile[] = []
      let published = false
      try {
        const { workspaceId, digest } = await receiveForm(actor, parts, options, received)
        return await options.once(digest, async () => {
          const answer = await publish(workspaceId, received)
          published = true
          return answer
        })
      } finally {
        if (!published) await Promise.allSettled(received.map((file) => file.discard()))
      }
    },

    async list(actor: Actor, { workspaceId, limit, cursor, kind }: UploadListQuery) {
      const after = idAfter(cursor)
      const workspace = await workspaces.resolve(actor, workspaceId, 'uploads:read')
      const rows = await repository.list(workspace.id, { limit, after, kind })
      return toPage(rows, limit, (row) => [row.id])
    },

    get: async (actor: Actor, id: string): Promise<Upload> => withoutKey(await find(actor, id, 'uploads:read')),

    /** A file that the actor may read, for `download`. */
    async readable(actor: Actor, id: string): Promise<UploadRow> {
      const row = await find(actor, id, 'uploads:read')
      demandServed(row)
      return row
    },

    /** The file that a signed URL names. @throws SIGNATURE_INVALID, NOT_FOUND */
    async signed(
      id: string,
      claim: { expires: number; signature: string; disposition: 'attachment' | 'inline' },
    ): Promise<UploadRow> {
      if (!signer.verify({ uploadId: id, ...claim }, claim.signature)) {
        throw problem('SIGNATURE_INVALID', { detail: 'The link is not valid, or not any more' })
      }
      const row = await repository.byId(id)
      if (row === undefined) throw problem('NOT_FOUND', { detail: NO_UPLOAD })
      demandServed(row)
      return row
    },

    /** Answers a request for the content of a file that was found by `readable` or `signed`. */
    download: (row: UploadRow, request: DownloadRequest): Promise<Download> =>
      planDownload(row, request, (range) => open(row, range)),

    /** Makes a URL under which the content can be read without a token until it expires. */
    async sign(
      actor: Actor,
      id: string,
      { expiresIn, disposition }: SignedUrlBody,
      origin: string,
    ): Promise<SignedUrl> {
      await find(actor, id, 'uploads:read')
      const expires = Math.floor(Date.now() / 1000) + expiresIn
      const signature = signer.sign({ uploadId: id, expires, disposition })
      const query = new URLSearchParams({ expires: String(expires), disposition, signature })
      return { url: `${origin}/api/uploads/${id}/signed?${query}`, expiresAt: new Date(expires * 1000).toISOString() }
    },

    /** Deletes a file; its bytes go right after the commit, or with the next sweep. */
    async remove(actor: Actor, id: string, ifMatch?: string): Promise<void> {
      const row = await find(actor, id, 'uploads:write')
      if (ifMatch !== undefined && !matchesETag(ifMatch, recordETag(row))) throw problem('PRECONDITION_FAILED')
      await db.transact(async (tx) => {
        const gone = await repository.remove(tx, id, row.version)
        if (gone === undefined) throw problem('NOT_FOUND', { detail: NO_UPLOAD })
        tx.emit({ topic: topicOf('workspace', row.workspaceId), name: 'upload.deleted', data: gone })
      })
      // If the storage is away just now, the sweep will do it.
      await repository.sweepDeleted(purge).catch(() => 0)
    },

    /** Bytes used and allowed in a workspace, and the largest file that the actor may send. */
    async usage(actor: Actor, workspaceId?: string): Promise<UploadUsage> {
      const { id } = await workspaces.resolve(actor, workspaceId, 'uploads:read')
      const { maxFileBytes, workspaceBytes } = await limits.of(actor, id)
      return { workspaceId: id, used: await repository.used(id), limit: workspaceBytes, maxFileBytes }
    },

    /** Removes what deletions, broken uploads and crashes have left in the storage. Safe to run on every instance. */
    async sweep(): Promise<{ unfinished: number; deleted: number }> {
      const unfinished = await repository.sweepUnfinished(ABANDONED_SECONDS, purge)
      return { unfinished, deleted: await repository.sweepDeleted(purge) }
    },
  }

  const reader: UploadReader = {
    async resolve(actor, ids, workspaceId) {
      const rows = ids.length === 0 ? [] : await repository.byIds(ids)
      const roles = new Map<string, WorkspaceRole | undefined>()
      for (const row of rows) {
        if (!roles.has(row.workspaceId))
          roles.set(row.workspaceId, await workspaces.roleOf(actor.userId, row.workspaceId))
      }
      return ids.map((id) => {
        const row = rows.find((candidate) => candidate.id === id)
        const here = workspaceId === undefined || row?.workspaceId === workspaceId
        if (!row || !here || !roles.get(row.workspaceId)) throw problem('NOT_FOUND', { detail: `${NO_UPLOAD}: ${id}` })
        demandServed(row)
        return withoutKey(row)
      })
    },
    read: async (id): Promise<Readable> => (await open(await repository.byId(id))).stream,
  }

  const resumable = createResumable({ db, repository, storage, inspect, limits, workspaces })
  return { ...service, reader, resumable, maxFileBytes: Math.max(...TIERS.map(limits.maxFileBytes)) }
}

/** See {@link createUploads}. */
export type Uploads = ReturnType<typeof createUploads>

function demandServed({ scan }: { scan: Upload['scan'] }): void {
  if (!isServed(scan)) throw problem('UNPROCESSABLE', { detail: `The file is held back: its scan is ${scan}` })
}
