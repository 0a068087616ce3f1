import Type from 'typebox'
import { problem } from '../contracts/errors.ts'
import { isId } from '../lib/ids.ts'

const version = Type.Optional(Type.String({ description: 'Must be 1.0.0; 412 otherwise' }))

/** Headers of every tus request but OPTIONS. */
export const TusHeaders = Type.Object({ 'tus-resumable': version })

/** Headers that begin a resumable upload. */
export const TusCreateHeaders = Type.Object({
  'tus-resumable': version,
  'upload-length': Type.Integer({ minimum: 0, description: 'Bytes of the whole file' }),
  'upload-metadata': Type.Optional(
    Type.String({
      maxLength: 8192,
      description: 'Pairs of key and base64, separated by commas: `filename` and `workspaceId` are read',
      examples: ['filename cGFybGV5LnRhci5neg=='],
    }),
  ),
  'idempotency-key': Type.Optional(Type.String({ maxLength: 255 })),
})

/** Headers that send more of one. */
export const TusAppendHeaders = Type.Object({
  'tus-resumable': version,
  'upload-offset': Type.Integer({ minimum: 0, description: 'Where these bytes belong: what has arrived so far' }),
})

/**
 * Reads Upload-Metadata. Keys that mean nothing here are passed over.
 * @throws VALIDATION_FAILED for a workspace that is no id
 */
export function parseMetadata(header: string): { name?: string; workspaceId?: string } {
  const pairs = new Map<string, string>()
  for (const pair of header.split(',')) {
    const [key = '', value = ''] = pair.trim().split(/ +/)
    pairs.set(key, Buffer.from(value, 'base64').toString('utf8'))
  }
  const name = pairs.get('filename') ?? pairs.get('name')
  const workspaceId = pairs.get('workspaceId')
  if (workspaceId !== undefined && !isId(workspaceId)) {
    const errors = [{ path: 'headers/upload-metadata/workspaceId', message: 'must match format "uuid"' }]
    throw problem('VALIDATION_FAILED', { detail: 'See errors for each fault', errors })
  }
  return { ...(name !== undefined && { name }), ...(workspaceId !== undefined && { workspaceId }) }
}
