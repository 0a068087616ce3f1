import Type, { type Static } from 'typebox'
import { MAX_CONTENT_CHARS } from '../contracts/frames.ts'
import { Id, Ref } from '../contracts/http.ts'
import { Job } from '../contracts/jobs.ts'
import { Message } from '../contracts/messages.ts'

const text = (maxLength: number, description: string) =>
  Type.String({ minLength: 1, maxLength, pattern: '^[^\\u0000]*$', description })

/** Body of a question in one call. */
export const ChatBody = Type.Object(
  {
    message: { ...text(MAX_CONTENT_CHARS, 'The question'), examples: ['Where are archives unpacked?'] },
    conversationId: Type.Optional({ ...Id, description: 'Goes on with this conversation; without: a new one' }),
    workspaceId: Type.Optional({
      ...Id,
      description: 'Where a new conversation is made; without: where the uploads are, else your personal workspace',
    }),
    uploadIds: Type.Optional(Type.Array(Id, { maxItems: 10, uniqueItems: true, description: 'Attachments' })),
    persona: Type.Optional(text(100, 'How the answer shall sound; the built-in assistant only quotes')),
    page: Type.Optional(text(2_000, 'The page the question was asked on; the built-in assistant does not need it')),
  },
  { additionalProperties: false },
)
export type ChatBody = Static<typeof ChatBody>

/** The answer, once it is whole. `message` is the reply. */
export const ChatAnswer = Type.Object(
  { conversationId: Id, message: Ref(Message) },
  { $id: 'ChatAnswer', description: 'The reply of the assistant to a question' },
)
export type ChatAnswer = Static<typeof ChatAnswer>

/** The answer while it is being written. `message` is the waiting reply. */
export const ChatAccepted = Type.Object(
  { conversationId: Id, message: Ref(Message), job: Ref(Job) },
  { $id: 'ChatAccepted', description: 'A reply that is being written' },
)
export type ChatAccepted = Static<typeof ChatAccepted>
