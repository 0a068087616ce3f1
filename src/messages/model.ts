import type { Static } from 'typebox'
import Type from 'typebox'
import { MAX_CONTENT_CHARS } from '../contracts/frames.ts'
import { Id, Page, Ref } from '../contracts/http.ts'
import { Message } from '../contracts/messages.ts'

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
  },
  closed,
)
export type SendBody = Static<typeof SendBody>

/** Body of an edit. */
export const EditBody = Type.Object({ content: Content }, closed)

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

/** A page of messages. */
export const MessagePage = Page(Ref(Message))
