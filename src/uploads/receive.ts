import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'
import { Problem, problem } from '../contracts/errors.ts'
import { type Storage, StorageError } from '../contracts/storage.ts'
import { newId } from '../lib/ids.ts'
import { cleanFileName } from './file-name.ts'
import type { Inspect } from './inspect.ts'
import type { UploadLimits } from './limits.ts'
import type { Arrived, UploadRepository } from './repository.ts'
import { SNIFF_BYTES, sniff } from './sniff.ts'

/** Parts of a multipart form, as they come. */
export type FormPart =
  | { type: 'field'; fieldname: string; value: unknown }
  | { type: 'file'; fieldname: string; filename?: string | undefined; file: Readable }

/** How much room is reserved at a time while a file arrives: rarely enough to cost nothing. */
const SLAB = 8 * 1024 * 1024
/** Near the end of the quota slabs shrink, so that parallel uploads do not refuse each other for room that none will use. */
const SHARE = 16
const ALIVE_MS = 60_000

/** What the receiving needs. */
export interface ReceiverDeps {
  repository: UploadRepository
  storage: Storage
  inspect: Inspect
}

/** For whom a file is received, and how much of it. */
export interface ReceiveFor {
  workspaceId: string
  userId: string
  limits: UploadLimits
}

/** A file that lies in the storage but is not visible yet: it must be finished or discarded. */
export interface ReceivedFile extends Arrived {
  name: string
  discard: () => Promise<void>
}

/** Receives single files into the storage, with the quota reserved before each byte is written. */
export function createReceiver({ repository, storage, inspect }: ReceiverDeps) {
  /**
   * @param expectedBytes what the request declares as its length, as far as it is known: saves round trips
   * @throws PAYLOAD_TOO_LARGE, QUOTA_EXCEEDED, STORAGE_FULL, BAD_REQUEST (broken off), DEPENDENCY_UNAVAILABLE
   */
  return async function receive(
    owner: ReceiveFor,
    part: { filename?: string | undefined; file: Readable },
    expectedBytes: number | undefined,
  ): Promise<ReceivedFile> {
    const { limits } = owner
    // The file may fail while its row is being made; whoever reads it then meets the error.
    part.file.on('error', () => {})
    const id = newId()
    const name = cleanFileName(part.filename)
    const storageKey = `${owner.workspaceId}/${id}`
    const row = { id, workspaceId: owner.workspaceId, createdBy: owner.userId, name, storageKey }
    const wanted = Math.min(expectedBytes ?? SLAB, SLAB, Math.ceil(limits.workspaceBytes / SHARE))
    const first = (await repository.begin(row, wanted, limits.workspaceBytes)) ? wanted : 0
    if (first === 0 && wanted > 0 && !(await repository.begin(row, 0, limits.workspaceBytes)))
      throw quotaExceeded(limits)
    const discard = async () => {
      await storage.delete(storageKey)
      await repository.abandon(id)
    }
    const head: Uint8Array[] = []
    try {
      const metered = meter(part.file, head, { id, workspaceId: owner.workspaceId, first, limits })
      const stored = await storage.put(storageKey, metered, { maxBytes: limits.maxFileBytes })
      const sniffed = await sniff(Buffer.concat(head).subarray(0, SNIFF_BYTES), name)
      return { id, name, ...stored, ...sniffed, scan: await inspect(storageKey), discard }
    } catch (cause) {
      await discard().catch(() => {})
      throw translateStorage(cause, limits.maxFileBytes)
    }
  }

  /** Passes a file on, reserving room ahead of it and keeping its first bytes. */
  async function* meter(
    file: AsyncIterable<Uint8Array>,
    head: Uint8Array[],
    { id, workspaceId, first, limits }: { id: string; workspaceId: string; first: number; limits: UploadLimits },
  ): AsyncGenerator<Uint8Array> {
    let [size, reserved, headSize, slab, aliveAt] = [0, first, 0, first, Date.now()]
    const reserve = async (need: number) => {
      const ask = Math.max(need, slab)
      let left = await repository.grow(id, workspaceId, ask, limits.workspaceBytes)
      reserved += ask
      if (left === undefined && ask > need) {
        reserved += need - ask
        left = await repository.grow(id, workspaceId, need, limits.workspaceBytes)
      }
      if (left === undefined) throw quotaExceeded(limits)
      slab = Math.min(SLAB, Math.floor(left / SHARE))
      aliveAt = Date.now()
    }
    for await (const chunk of file) {
      size += chunk.byteLength
      if (size > limits.maxFileBytes) throw tooLarge(limits.maxFileBytes)
      if (size > reserved) await reserve(size - reserved)
      if (Date.now() - aliveAt > ALIVE_MS) {
        await repository.touch(id)
        aliveAt = Date.now()
      }
      if (headSize < SNIFF_BYTES) head.push(Buffer.from(chunk))
      headSize += chunk.byteLength
      yield chunk
    }
  }
}

/** Identifies what a request carried, for telling a retry from another request: names and contents, not the encoding. */
export function digestOf(fields: Record<string, string>, files: readonly ReceivedFile[]): string {
  const content = [Object.entries(fields).sort(), files.map(({ name, sha256 }) => [name, sha256])]
  return createHash('sha256').update(JSON.stringify(content)).digest('hex')
}

const quotaExceeded = ({ workspaceBytes }: UploadLimits) =>
  problem('QUOTA_EXCEEDED', { detail: `The workspace may store ${workspaceBytes} bytes, and they are used up` })

const tooLarge = (maxFileBytes: number) =>
  problem('PAYLOAD_TOO_LARGE', { detail: `A file may have at most ${maxFileBytes} bytes` })

const FULL = 'The server has no room for this file'

/** Storage errors as problems; what the source itself failed with, where that is the reason. */
export function translateStorage(error: unknown, maxFileBytes: number): unknown {
  if (!(error instanceof StorageError)) return error
  const { code, cause } = error
  if (cause instanceof Problem) return cause
  if (code === 'TOO_LARGE') return tooLarge(maxFileBytes)
  if (code === 'FULL') return problem('STORAGE_FULL', { detail: FULL, cause: error })
  if (code === 'ABORTED') return brokenOff(cause)
  return problem('DEPENDENCY_UNAVAILABLE', { detail: 'The storage is not available', retryAfter: 5, cause: error })
}

/** A form that ends early or cannot be read is the client's fault; errors with a code of the framework keep it. */
export function brokenOff(cause: unknown): unknown {
  const { code = '' } = (cause ?? {}) as { code?: string }
  if (cause instanceof Problem || code.startsWith('FST_')) return cause
  return problem('BAD_REQUEST', { detail: 'The form broke off or cannot be read', cause })
}
