import Type, { type TProperties } from 'typebox'
import { type ClientFrameType, SERVER_FRAMES, TopicName } from './frames.ts'
import { Id, Ref, Time } from './http.ts'
import { Message, ReactionCount } from './messages.ts'

const Subscribed = SERVER_FRAMES.subscribed.properties
const message = { message: Ref(Message) }

/** What the `ack` of each client frame carries besides `type` and `id`. Refused frames get an `error` instead. */
export const ACKS = {
  auth: { userId: Id, expiresAt: Type.Optional(Time) },
  ping: {},
  echo: { data: Type.Optional(Type.Unknown()) },
  subscribe: {
    topic: Subscribed.topic,
    epoch: Subscribed.epoch,
    seq: Subscribed.seq,
    recovered: Subscribed.recovered,
    reason: Subscribed.reason,
  },
  unsubscribe: { topic: TopicName },
  chat: {
    ...message,
    reply: Type.Optional(
      Type.Object(
        { messageId: Id, jobId: Id },
        { description: 'The reply that the assistant will write, and its job' },
      ),
    ),
  },
  edit: message,
  delete: message,
  react: { messageId: Id, reactions: Type.Array(ReactionCount) },
  read: { conversationId: Id, userId: Id, seq: Subscribed.seq },
  typing: {},
  presence: {},
  stop: message,
} as const satisfies Record<ClientFrameType, TProperties>

/** The whole schema of the `ack` to a client frame. */
export const ackSchema = (type: ClientFrameType) =>
  Type.Object(
    { type: Type.Literal('ack'), id: SERVER_FRAMES.ack.properties.id, ...(ACKS[type] as TProperties) },
    { title: `ack of ${type}`, additionalProperties: false },
  )
