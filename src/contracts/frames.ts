import Type, { type Static, type TProperties, type TSchema } from 'typebox'
import { CHANGE_FIELDS } from './changes.ts'
import type { TopicKind } from './events.ts'
import { Enum, Id, type LimitGroup } from './http.ts'
import { JobPace } from './jobs.ts'
import type { Need, Scope } from './policy.ts'

/** The subprotocol a client offers, alone or together with `bearer.<access token>`. */
export const SUBPROTOCOL = 'parley.v1'
/** The subprotocol of GraphQL over WebSocket (github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md), on `/graphql`. */
export const GRAPHQL_SUBPROTOCOL = 'graphql-transport-ws'
/** Prefix of the second subprotocol that carries an access token, for browsers: they cannot set headers. */
export const BEARER_PREFIX = 'bearer.'
/** The largest frame (or array of frames) a client may send, bytes. A larger one closes with 1009. */
export const MAX_FRAME_BYTES = 64 * 1024
/** The longest content of a message, characters. The same over REST. */
export const MAX_CONTENT_CHARS = 16_000

/** Why the server closes, and what a client should do about it. 1007, 1009 and 1002 are the protocol's own. */
export const CLOSE_CODES = {
  RESTART: { code: 1012, retry: true, summary: 'The server restarts: come back within the announced window' },
  OVERLOADED: { code: 1013, retry: true, summary: 'Read too slowly, or no capacity: back off, then resume' },
  UNAUTHENTICATED: { code: 4401, retry: true, summary: 'Get a new access token, then come back' },
  FORBIDDEN: { code: 4403, retry: false, summary: 'Never retry' },
  AUTH_TIMEOUT: { code: 4408, retry: true, summary: 'No auth frame in time' },
  THROTTLED: { code: 4429, retry: true, summary: 'Too many frames or connections: back off' },
} as const satisfies Record<string, { code: number; retry: boolean; summary: string }>
export type CloseReason = keyof typeof CLOSE_CODES

const Text = (description: string, options: Record<string, unknown> = {}) =>
  Type.String({ description, pattern: '^[^\\u0000]*$', ...options })
const FrameId = Type.Integer({
  minimum: 0,
  maximum: Number.MAX_SAFE_INTEGER,
  description: 'Chosen by the client; the one answer to this frame carries it',
})
const Seq = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: 'Number within the topic' })
/** A place in a topic: what a client has seen, and what `subscribe` takes as `since`. */
export const PositionSchema = Type.Object(
  { epoch: Type.String({ minLength: 1, maxLength: 64 }), seq: Seq },
  { additionalProperties: false },
)
/** What a topic looks like: `<kind>:<uuid>`; which kinds there are is the business of the features. */
export const TOPIC_PATTERN = '^[a-z][a-z_]{0,30}:[0-9a-fA-F-]{36}$'
/** A topic. */
export const TopicName = Type.String({
  maxLength: 100,
  pattern: TOPIC_PATTERN,
  examples: ['conversation:01920b5e-7d3c-7cc0-8f6e-2f1f0d9a4b11'],
})

const client = <P extends TProperties>(type: string, summary: string, properties: P) =>
  Type.Object(
    { id: Type.Optional(FrameId), type: Type.Unsafe<string>(Type.Literal(type)), ...properties },
    { title: type, description: summary, additionalProperties: false },
  )

const Mentions = Type.Optional(
  Type.Array(Id, {
    maxItems: 20,
    uniqueItems: true,
    description: 'Users it calls, besides those named in the text by @',
  }),
)
/** One emoji, as text. */
export const Emoji = Type.String({ minLength: 1, maxLength: 64, pattern: '^[^\\u0000]*$', examples: ['👍'] })

/** The one table of frames a client may send. A frame with an `id` gets exactly one `ack` or `error` with that `id`. */
export const CLIENT_FRAMES = {
  auth: client('auth', 'Authenticates the connection, or renews it with a fresh token at any time', {
    token: Type.String({ minLength: 1, maxLength: 8192, description: 'Access token' }),
  }),
  ping: client('ping', 'Asks for a pong', {}),
  echo: client('echo', 'Asks for the same data back', { data: Type.Optional(Type.Unknown()) }),
  subscribe: client('subscribe', 'Follows a topic, from now or from where the client was', {
    topic: TopicName,
    since: Type.Optional(PositionSchema),
  }),
  unsubscribe: client('unsubscribe', 'Leaves a topic', { topic: TopicName }),
  chat: client('chat', 'Writes a message; the same clientId again answers the same message', {
    conversationId: Id,
    content: Text('The text', { minLength: 1, maxLength: MAX_CONTENT_CHARS }),
    clientId: Text('Chosen by the client, unique among its messages', { minLength: 1, maxLength: 64 }),
    uploadIds: Type.Optional(Type.Array(Id, { maxItems: 10, uniqueItems: true })),
    replyTo: Type.Optional(Id),
    mentions: Mentions,
  }),
  edit: client('edit', 'Changes the text of a message', {
    messageId: Id,
    content: Text('The new text', { minLength: 1, maxLength: MAX_CONTENT_CHARS }),
    mentions: Mentions,
    version: Type.Optional(Type.Integer({ minimum: 1, description: 'Refused when the message has another version' })),
  }),
  delete: client('delete', 'Deletes a message, leaving a tombstone', {
    messageId: Id,
    version: Type.Optional(Type.Integer({ minimum: 1, description: 'Refused when the message has another version' })),
  }),
  react: client('react', 'Adds a reaction of the user to a message, or takes it away', {
    messageId: Id,
    emoji: Emoji,
    active: Type.Optional(Type.Boolean({ default: true, description: 'False takes it away' })),
  }),
  read: client('read', 'Says up to which message the user has read', { conversationId: Id, seq: Seq }),
  typing: client('typing', 'Says that the user is typing, or has stopped', {
    conversationId: Id,
    active: Type.Boolean(),
  }),
  presence: client('presence', 'Sets how the user appears to others', { status: Enum(['online', 'away', 'busy']) }),
  stop: client('stop', 'Stops a reply that the assistant is writing', { messageId: Id }),
} as const
/** The type of a frame a client may send. */
export type ClientFrameType = keyof typeof CLIENT_FRAMES
/** A frame a client may send, by its type. */
export type ClientFrame<T extends ClientFrameType = ClientFrameType> = Static<(typeof CLIENT_FRAMES)[T]>

/** What a frame or topic needs: a role as {@link Need} says, and of an API key that scope (none: any key may). */
export interface SocketDeclaration {
  /** Absent for what may be sent before authentication. */
  needs?: Need | 'topic'
  scope?: Scope
  /** The budget it counts in, besides that of all frames of its connection: the same as over REST. */
  limit?: LimitGroup
}

/** What each frame of a client needs. `topic`: what {@link TOPIC_DECLARATIONS} says of the topic. */
export const FRAME_DECLARATIONS: Record<ClientFrameType, SocketDeclaration> = {
  auth: { limit: 'auth' },
  ping: {},
  echo: { needs: 'own' },
  subscribe: { needs: 'topic', limit: 'read' },
  unsubscribe: { needs: 'own' },
  chat: { needs: 'conversations:write', scope: 'conversations:write', limit: 'write' },
  edit: { needs: 'conversations:moderate', scope: 'conversations:write', limit: 'write' },
  delete: { needs: 'conversations:moderate', scope: 'conversations:write', limit: 'write' },
  react: { needs: 'conversations:write', scope: 'conversations:write', limit: 'write' },
  read: { needs: 'conversations:read', scope: 'conversations:write', limit: 'write' },
  typing: { needs: 'conversations:write', scope: 'conversations:write', limit: 'write' },
  presence: { needs: 'own', scope: 'account:write', limit: 'write' },
  stop: { needs: 'conversations:write', scope: 'conversations:write', limit: 'write' },
}

/** What following a topic of a kind needs. */
export const TOPIC_DECLARATIONS: Record<TopicKind, Required<Omit<SocketDeclaration, 'limit'>>> = {
  conversation: { needs: 'conversations:read', scope: 'conversations:read' },
  workspace: { needs: 'workspace:read', scope: 'workspaces:read' },
  user: { needs: 'own', scope: 'account:read' },
  source: { needs: 'graph:read', scope: 'graph:read' },
  job: { needs: 'jobs:read', scope: 'jobs:read' },
  changes: { needs: 'workspace:read', scope: 'workspaces:read' },
}

const server = <P extends TProperties>(type: string, summary: string, properties: P, open = false) =>
  Type.Object(
    { type: Type.Unsafe<string>(Type.Literal(type)), ...properties },
    { title: type, description: summary, additionalProperties: open },
  )
const position = { topic: TopicName, epoch: Type.String(), seq: Seq }

/** What `system hello` tells about the bounds of this server. */
export const HelloLimits = Type.Object({
  maxFrameBytes: Type.Integer(),
  framesPerSecond: Type.Number(),
  burst: Type.Integer(),
  subscriptions: Type.Integer(),
  authSeconds: Type.Integer(),
})

/** The one table of frames the server sends. Frames of a turn may arrive together as one JSON array. */
export const SERVER_FRAMES = {
  system: server(
    'system',
    'The connection itself: hello, authenticated, auth_expiring, unsubscribed, drain',
    {
      event: Enum(['hello', 'authenticated', 'auth_expiring', 'unsubscribed', 'drain']),
      connectionId: Type.Optional(Type.String()),
      authenticated: Type.Optional(Type.Boolean()),
      heartbeatSeconds: Type.Optional(Type.Integer()),
      limits: Type.Optional(HelloLimits),
      userId: Type.Optional(Id),
      expiresAt: Type.Optional(Type.String({ format: 'date-time' })),
      topic: Type.Optional(TopicName),
      reason: Type.Optional(Type.String()),
      reconnectAfterMs: Type.Optional(Type.Integer()),
    },
    true,
  ),
  pong: server('pong', 'Answer to ping', {}),
  echo: server('echo', 'Answer to echo', { data: Type.Optional(Type.Unknown()) }),
  ack: server('ack', 'The frame with this id was carried out; further fields are its result', { id: FrameId }, true),
  error: server('error', 'The frame with this id, or an unreadable one, was refused', {
    id: Type.Optional(FrameId),
    code: Type.String({ description: 'A code of the error table, as over REST' }),
    message: Type.String(),
    retryAfter: Type.Optional(Type.Number({ description: 'Seconds' })),
    errors: Type.Optional(Type.Array(Type.Object({ path: Type.String(), message: Type.String() }))),
  }),
  event: server('event', 'A durable event: gapless and ordered within its topic, never dropped', {
    ...position,
    name: Type.String(),
    data: Type.Unknown(),
  }),
  subscribed: server('subscribed', 'The topic is followed; what was missed comes next, then what happens', {
    ...position,
    recovered: Type.Boolean({ description: 'Whether everything after `since` is delivered' }),
    reason: Type.Optional(Enum(['epoch_changed', 'history_gone', 'unknown_position'])),
  }),
  presence: server('presence', 'How a user appears; not numbered', {
    topic: TopicName,
    userId: Id,
    status: Enum(['online', 'away', 'busy', 'offline']),
  }),
  typing: server('typing', 'Who is typing; not numbered, repeated every 10 s while it goes on: forget it after 20 s', {
    topic: TopicName,
    conversationId: Id,
    userId: Id,
    active: Type.Boolean(),
  }),
  reply_delta: server(
    'reply_delta',
    'A piece of a reply being written; not numbered, the final message repeats it all',
    {
      topic: TopicName,
      messageId: Id,
      index: Type.Integer({ minimum: 0, description: '0, 1, 2, ...: a gap means that the message must be read again' }),
      text: Type.String(),
    },
  ),
  database_change: server('database_change', 'A row of a table changed', {
    ...position,
    ...CHANGE_FIELDS,
  }),
  graph_update: server(
    'graph_update',
    'A revision of a source was analysed',
    {
      ...position,
      sourceId: Id,
      revision: Type.Integer(),
      complete: Type.Boolean({ description: 'False: too much for a frame, read `/api/graph/diff`' }),
      added: Type.Object({ nodes: Type.Array(Type.Unknown()), edges: Type.Array(Type.Unknown()) }),
      removed: Type.Object({ nodes: Type.Array(Id), edges: Type.Array(Id) }, { description: 'Ids' }),
      changed: Type.Object({ nodes: Type.Array(Type.Unknown()), edges: Type.Array(Type.Unknown()) }),
    },
    true,
  ),
  job: server(
    'job',
    'State or progress of a job',
    {
      topic: TopicName,
      epoch: Type.Optional(Type.String()),
      seq: Type.Optional(Seq),
      id: Id,
      state: Type.String(),
      progress: Type.Number(),
      phase: Type.Optional(Type.String()),
      pace: Type.Optional(JobPace),
    },
    true,
  ),
} as const satisfies Record<string, TSchema>
/** The type of a frame the server sends. */
export type ServerFrameType = keyof typeof SERVER_FRAMES
/** A frame as the server builds it. */
export type ServerFrame = { type: ServerFrameType } & Record<string, unknown>
