import Type from 'typebox'

const nullableString = Type.Unsafe<string | null>({ type: ['string', 'null'] })

/** Response and body schemas of the Fastify baselines: without them Fastify would serialize far slower. */
export const Conversation = Type.Object({
  id: Type.String({ format: 'uuid' }),
  workspaceId: Type.String({ format: 'uuid' }),
  title: Type.String(),
  assistant: Type.String(),
  createdBy: Type.String({ format: 'uuid' }),
  version: Type.Integer(),
  createdAt: Type.String(),
  updatedAt: Type.String(),
})

export const Message = Type.Object({
  id: Type.String({ format: 'uuid' }),
  conversationId: Type.String({ format: 'uuid' }),
  seq: Type.Integer(),
  role: Type.String(),
  authorId: nullableString,
  content: Type.String(),
  clientId: nullableString,
  replyTo: nullableString,
  status: Type.String(),
  attachments: Type.Array(Type.Unknown()),
  citations: Type.Array(Type.Unknown()),
  version: Type.Integer(),
  createdAt: Type.String(),
  editedAt: nullableString,
  deletedAt: nullableString,
})

export const MessagePage = Type.Object({
  items: Type.Array(Message),
  nextCursor: nullableString,
})

export const ById = Type.Object({ id: Type.String({ format: 'uuid' }) })
export const Paging = Type.Object({ limit: Type.Integer({ minimum: 1, maximum: 100, default: 20 }) })
export const NewConversation = Type.Object(
  { title: Type.String({ minLength: 1, maxLength: 200 }) },
  { additionalProperties: false },
)
