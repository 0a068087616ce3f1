import type { Static } from 'typebox'
import Type from 'typebox'
import { Emoji, MAX_CONTENT_CHARS } from '../contracts/frames.ts'
import { Id, Nullable, Page, Ref, Time } from '../contracts/http.ts'
import { Message, ReactionCount } from '../contracts/messages.ts'

const closed = { additionalProperties: false }
// PostgreSQL stores no NUL.
const Content = Type.String({
  minLength: 1,
  maxLength: MAX_CONTENT_CHARS,
  pattern: '^[^\\u0000]*$',
  examples: ['Where are uploads unpacked?'],
})

/** Body of a new message. The same `clientId` again gets the same message. */
export const SendBody = Type.Object(
  {
    content: Content,
    clientId: Type.Optional(Type.String({ minLength: 1, maxLength: 64, pattern: '^[^\\u0000]*$' })),
    replyTo: Type.Optional({ ...Id, description: 'The message of the same conversation that this one answers' }),
    uploadIds: Type.Optional(Type.Array(Id, { maxItems: 10, uniqueItems: true, description: 'Attachments' })),
    mentions: Type.Optional(
      Type.Array(Id, { maxItems: 20, uniqueItems: true, description: 'Users it calls, besides those named by @' }),
    ),
  },
  closed,
)
export type SendBody = Static<typeof SendBody>

/** Body of an edit. */
export const EditBody = Type.Object(
  { content: Content, mentions: Type.Optional(Type.Array(Id, { maxItems: 20, uniqueItems: true })) },
  closed,
)
export type EditBody = Static<typeof EditBody>

/** Body of a reaction. */
export const ReactBody = Type.Object({ emoji: Emoji }, closed)
/** Path parameters of a reaction to be taken away. */
export const ReactionParams = Type.Object({ id: Id, emoji: Emoji }, closed)

/** What a message's reactions are by now. */
export const Reactions = Type.Object(
  { messageId: Id, reactions: Type.Array(ReactionCount) },
  { $id: 'Reactions', description: 'How many have reacted to a message with what' },
)
export type Reactions = Static<typeof Reactions>

/** One reaction of one user. */
export const Reaction = Type.Object(
  { messageId: Id, userId: Id, name: Type.String(), emoji: Type.String(), createdAt: Time },
  { $id: 'Reaction', description: 'Who has reacted with what' },
)
export type Reaction = Static<typeof Reaction>
/** A page of reactions. */
export const ReactionPage = Page(Ref(Reaction))

/** A reaction that came or went, and what the message's reactions are now. */
export const ReactionChange = Type.Object(
  { messageId: Id, conversationId: Id, userId: Id, emoji: Type.String(), reactions: Type.Array(ReactionCount) },
  { $id: 'ReactionChange', description: 'A reaction that came or went' },
)

/** Tells a user of a message that calls it; points to the message and does not repeat it. */
export const Mention = Type.Object(
  { conversationId: Id, messageId: Id, userId: Id, authorId: Nullable(Id) },
  { $id: 'Mention', description: 'A message calls somebody' },
)

/** Query of the messages of a conversation. */
export const MessageQuery = Type.Object(
  {
    limit: Type.Integer({ minimum: 1, maximum: 100, default: 20, description: 'Page size' }),
    cursor: Type.Optional(Type.String({ maxLength: 500, description: '`nextCursor` of the page before' })),
    order: Type.Unsafe<'desc' | 'asc'>({
      type: 'string',
      enum: ['desc', 'asc'],
      default: 'desc',
      description: 'Newest first, or oldest first',
    }),
  },
  closed,
)
export type MessageQuery = Static<typeof MessageQuery>

/** Query of a thread. */
export const ThreadQuery = Type.Object(
  {
    ...MessageQuery.properties,
    order: Type.Unsafe<'desc' | 'asc'>({ ...MessageQuery.properties.order, default: 'asc' }),
  },
  closed,
)

/** A page of messages. */
export const MessagePage = Page(Ref(Message))
