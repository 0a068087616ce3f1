import type { ClientFrameType, ServerFrameType } from '../contracts/frames.ts'

const conversationId = '01920b5e-7d3c-7cc0-8f6e-2f1f0d9a4b11'
const messageId = '01920b5f-03aa-7d52-9c1e-5b8f6f2a7c02'
const userId = '01920b5d-11de-7b0a-a6c4-0d1f5e9b3a77'
const topic = `conversation:${conversationId}`
const epoch = 'c41f0a9be27d'

/** One example of each frame a client may send. A test holds them against their schemas. */
export const CLIENT_EXAMPLES: Record<ClientFrameType, object> = {
  auth: { id: 1, type: 'auth', token: 'eyJhbGciOiJIUzI1NiJ9...' },
  ping: { type: 'ping' },
  echo: { id: 2, type: 'echo', data: { n: 1 } },
  subscribe: { id: 3, type: 'subscribe', topic, since: { epoch, seq: 41 } },
  unsubscribe: { id: 4, type: 'unsubscribe', topic },
  chat: { id: 5, type: 'chat', conversationId, content: 'Where are uploads unpacked?', clientId: 'a1b2c3' },
  edit: { id: 6, type: 'edit', messageId, content: 'Where are archives unpacked?', version: 1 },
  delete: { id: 7, type: 'delete', messageId },
  react: { id: 10, type: 'react', messageId, emoji: '👍' },
  read: { id: 8, type: 'read', conversationId, seq: 42 },
  typing: { type: 'typing', conversationId, active: true },
  presence: { type: 'presence', status: 'away' },
  stop: { id: 9, type: 'stop', messageId },
}

/** A message as the examples have it. */
export const MESSAGE_EXAMPLE = {
  id: messageId,
  conversationId,
  seq: 42,
  role: 'user',
  authorId: userId,
  content: 'Where are uploads unpacked?',
  clientId: 'a1b2c3',
  attachments: [],
  citations: [],
  status: 'complete',
  version: 1,
  createdAt: '2026-01-31T12:00:00.000Z',
}

/** One example of each frame the server sends. */
export const SERVER_EXAMPLES: Record<ServerFrameType, object> = {
  system: {
    type: 'system',
    event: 'hello',
    connectionId: 'b0c7a7a2-6a04-4d0d-9d6d-0a8a4a7f4a58',
    authenticated: false,
    heartbeatSeconds: 25,
    limits: { maxFrameBytes: 65_536, framesPerSecond: 10, burst: 600, subscriptions: 256, authSeconds: 10 },
  },
  pong: { type: 'pong' },
  echo: { type: 'echo', data: { n: 1 } },
  ack: { type: 'ack', id: 5, message: MESSAGE_EXAMPLE },
  error: { type: 'error', id: 7, code: 'FORBIDDEN', message: "You may not do 'conversations:moderate' here" },
  event: { type: 'event', topic, epoch, seq: 42, name: 'message.created', data: MESSAGE_EXAMPLE },
  subscribed: { type: 'subscribed', topic, epoch, seq: 42, recovered: true },
  presence: { type: 'presence', topic, userId, status: 'online' },
  typing: { type: 'typing', topic, conversationId, userId, active: true },
  reply_delta: { type: 'reply_delta', topic, messageId, index: 0, text: 'They are unpacked in ' },
  database_change: {
    type: 'database_change',
    topic: `changes:${conversationId}`,
    epoch,
    seq: 7,
    table: 'workspace_members',
    operation: 'update',
    id: messageId,
    record: { workspaceId: conversationId, userId, role: 'admin', createdAt: '2026-01-31T12:00:00.000Z' },
  },
  graph_update: {
    type: 'graph_update',
    topic: `source:${conversationId}`,
    epoch,
    seq: 3,
    sourceId: conversationId,
    revision: 2,
    complete: true,
    added: { nodes: [], edges: [] },
    removed: { nodes: [conversationId], edges: [] },
    changed: { nodes: [], edges: [] },
  },
  job: {
    type: 'job',
    topic: `job:${conversationId}`,
    epoch,
    seq: 2,
    id: conversationId,
    state: 'active',
    progress: 0.4,
  },
}
