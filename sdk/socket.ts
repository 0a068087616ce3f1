/** The real-time half by itself, for pages that count every byte: `@parley/client/socket`. */
export { type ClientCode, ParleyError } from './errors.ts'
export { createSession, memoryStore, type Session, type TokenAnswer, type TokenStore, type Tokens } from './session.ts'
export type { ConnectionState, WebSocketClass, WebSocketLike } from './socket/connection.ts'
export type * from './socket/frames.ts'
export { createSocket, type NewChat, type Sent, type Socket, type SocketDeps } from './socket/index.ts'
export type { Subscription } from './socket/topics.ts'
