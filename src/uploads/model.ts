import type { Static } from 'typebox'
import Type from 'typebox'
import { Enum, Id, ListQuery, Nullable, Page, Ref, Time } from '../contracts/http.ts'
import { CONTENT_KINDS, SCAN_STATES } from '../contracts/uploads.ts'

const closed = { additionalProperties: false }

/** An uploaded file, without its content. */
export const Upload = Type.Object(
  {
    id: Id,
    workspaceId: Id,
    createdBy: Nullable(Id),
    name: Type.String({ description: 'File name, without a path', examples: ['parley.tar.gz'] }),
    size: Type.Integer({ minimum: 0, description: 'Bytes' }),
    contentType: Type.String({
      description: 'What the content says it is; the type that the client claimed is not asked',
      examples: ['application/gzip'],
    }),
    kind: Enum(CONTENT_KINDS, { description: 'What the file is for, coarsely' }),
    charset: Nullable(Type.String({ description: 'Of text only', examples: ['utf-8'] })),
    sha256: Type.String({ description: 'SHA-256 of the content, hexadecimal' }),
    scan: Enum(SCAN_STATES, {
      description:
        'What is known of viruses; `unscanned` where no scanner is configured. Only unscanned and clean files are served',
    }),
    version: Type.Integer(),
    createdAt: Time,
  },
  { $id: 'Upload', description: 'An uploaded file' },
)
export type Upload = Static<typeof Upload>

/** Files of one request that carried several. */
export const UploadBatch = Type.Object(
  { items: Type.Array(Ref(Upload)) },
  { $id: 'UploadBatch', description: 'The files of one request, in its order' },
)
export type UploadBatch = Static<typeof UploadBatch>

/** Query of the list of uploads. */
export const UploadListQuery = Type.Object(
  {
    ...ListQuery.properties,
    workspaceId: Type.Optional({ ...Id, description: 'The personal workspace when absent' }),
    kind: Type.Optional(Enum(CONTENT_KINDS, { description: 'Only files of this kind' })),
  },
  closed,
)
export type UploadListQuery = Static<typeof UploadListQuery>

export const UploadPage = Page(Ref(Upload))

/** Query of an upload request. */
export const UploadQuery = Type.Object(
  { workspaceId: Type.Optional({ ...Id, description: 'The personal workspace when absent' }) },
  closed,
)

/** The multipart body of an upload request, for the documentation: it is read as a stream. */
export const UploadForm = Type.Object(
  {
    file: Type.Optional(
      Type.Unsafe<unknown>({
        type: 'array',
        items: { type: 'string', contentMediaType: 'application/octet-stream' },
        description: 'At least one file; several parts, of any name, make several uploads: all or none',
      }),
    ),
    workspaceId: Type.Optional({ ...Id, description: 'Instead of the query parameter; before the first file' }),
  },
  { description: 'Files are streamed to the storage as they arrive' },
)

/** Query of a download. */
export const ContentQuery = Type.Object(
  {
    disposition: Enum(['attachment', 'inline'] as const, {
      default: 'attachment',
      description: '`inline` is honoured for images, sound, video and plain text only',
    }),
  },
  closed,
)

/** Query of a download by a signed URL. */
export const SignedContentQuery = Type.Object(
  {
    ...ContentQuery.properties,
    expires: Type.Integer({ description: 'Seconds since 1970' }),
    signature: Type.String({ pattern: '^[\\w-]{43}$' }),
  },
  closed,
)

/** Longest life of a signed URL in seconds: a week. */
export const MAX_SIGNED_SECONDS = 7 * 24 * 3600

/** Body that asks for a signed URL. */
export const SignedUrlBody = Type.Object(
  {
    expiresIn: Type.Integer({ minimum: 1, maximum: MAX_SIGNED_SECONDS, default: 3600, description: 'Seconds' }),
    disposition: ContentQuery.properties.disposition,
  },
  closed,
)
export type SignedUrlBody = Static<typeof SignedUrlBody>

/** A URL under which the content can be read without a token for a while. */
export const SignedUrl = Type.Object({ url: Type.String(), expiresAt: Time }, { $id: 'SignedUrl' })
export type SignedUrl = Static<typeof SignedUrl>
