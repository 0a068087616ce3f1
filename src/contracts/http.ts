import type { Static, TSchema } from 'typebox'
import Type from 'typebox'
import { ERRORS } from './errors.ts'
import type { Need, Scope } from './policy.ts'

/** RFC 9457 problem details as every error answer carries them. */
export const ProblemDetails = Type.Object(
  {
    type: Type.String({ examples: ['https://parley.dev/problems/not-found'] }),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    instance: Type.String({ description: 'The path that was asked' }),
    code: Type.String({ description: 'Stable error code', examples: ['NOT_FOUND'] }),
    requestId: Type.String(),
    errors: Type.Optional(Type.Array(Type.Object({ path: Type.String(), message: Type.String() }))),
  },
  { $id: 'Problem', description: 'RFC 9457 problem details' },
)
export type ProblemDetails = Static<typeof ProblemDetails>

/** A record id in a path, query or body. */
export const Id = Type.String({ format: 'uuid', examples: ['01920b5e-7d3c-7cc0-8f6e-2f1f0d9a4b11'] })
/** RFC 3339 time in UTC. */
export const Time = Type.String({ format: 'date-time', examples: ['2026-01-31T12:00:00.000Z'] })
/**
 * `T | null`, as OpenAPI 3.1 writes it best: `type: [string, null]` where it can be said so. The serializer would have to validate
 * each value in order to choose a branch of an `anyOf`.
 */
export const Nullable = <T extends TSchema>(schema: T) => {
  const { type, enum: values } = schema as { type?: unknown; enum?: unknown }
  return Type.Unsafe<Static<T> | null>(
    typeof type === 'string' && values === undefined
      ? { ...schema, type: [type, 'null'] }
      : Type.Union([schema, Type.Null()]),
  )
}
/** A string enumeration that documents well. */
export const Enum = <const T extends readonly string[]>(values: T, options: Record<string, unknown> = {}) =>
  Type.Unsafe<T[number]>({ type: 'string', enum: [...values], ...options })

/** Path parameters with the id of a record. */
export const IdParams = Type.Object({ id: Id }, { additionalProperties: false })
/** Query of a list: page size and position. */
export const ListQuery = Type.Object(
  {
    limit: Type.Integer({ minimum: 1, maximum: 100, default: 20, description: 'Page size' }),
    cursor: Type.Optional(Type.String({ maxLength: 500, description: '`nextCursor` of the page before' })),
  },
  { additionalProperties: false },
)
/** A page of a list. */
export const Page = <T extends TSchema>(item: T) =>
  Type.Object({ items: Type.Array(item), nextCursor: Nullable(Type.String()) })
/** The empty body of a 204. */
export const NoContent = Type.Null({ description: 'No content' })
/** A reference to a component schema by its `$id`. */
export const Ref = <T extends TSchema>(schema: T) =>
  Type.Unsafe<Static<T>>(Type.Ref(`${(schema as { $id?: string }).$id}#`))

/**
 * Error responses of a route, by status, all with the Problem schema. 400 and 500 are always among them.
 * Routes that need a user add 401; see {@link ERRORS} for what each status can mean.
 */
export function problems<const S extends readonly number[]>(...statuses: S): Record<S[number] | 400 | 500, TSchema> {
  const titles = (status: number) =>
    Object.entries(ERRORS)
      .filter(([, error]) => error.status === status)
      .map(([code]) => code)
      .join(', ')
  const all = [...new Set([400, ...statuses, 429, 500, 503])]
  const entry = (status: number) => ({
    description: `${titles(status)}`,
    content: { 'application/problem+json': { schema: Type.Ref('Problem#') } },
  })
  return Object.fromEntries(all.map((status) => [status, entry(status)])) as unknown as Record<
    S[number] | 400 | 500,
    TSchema
  >
}

/** Groups of rate limits; their sizes are the RATE_LIMIT_* keys of the configuration. */
export const LIMIT_GROUPS = ['auth', 'read', 'write', 'upload', 'chat', 'socket'] as const
export type LimitGroup = (typeof LIMIT_GROUPS)[number]

/** What every route declares in its `config`; boot fails for one that does not. */
export interface RouteDeclaration {
  /** Who may call it: anybody, a signed-in user, or an administrator. Finer rights are the service's. */
  auth: 'public' | 'user' | 'admin'
  /** What role it needs; every route has it that is not public. The service demands it, and a test asks it as every role. */
  needs?: Need
  /** The scope an API key needs for it; `topics`, `tools`: the one that following the topic or calling the tool needs, demanded there. */
  scope?: Scope | 'topics' | 'tools'
  /** The rate limit it counts in; none only for health, metrics and static files. */
  limit?: LimitGroup
  /** Whether a write must name the version it changes (428 without). The service compares. */
  ifMatch?: 'required'
  /**
   * A body that the handler reads as a stream and that may take long: it is ended by silence, not by its duration, and its handler
   * claims the Idempotency-Key itself (`request.once`), as soon as it knows what the body was.
   */
  body?: 'streamed'
}
