import Type from 'typebox'

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
  authorId: Type.Union([Type.String({ format: 'uuid' }), Type.Null()]),
  content: Type.String(),
  status: Type.String(),
  attachments: Type.Array(Type.Unknown()),
  citations: Type.Array(Type.Unknown()),
  createdAt: Type.String(),
})

export const MessagePage = Type.Object({
  items: Type.Array(Message),
  nextCursor: Type.Union([Type.String(), Type.Null()]),
})

export const ById = Type.Object({ id: Type.String({ format: 'uuid' }) })
export const Paging = Type.Object({ limit: Type.Integer({ minimum: 1, maximum: 100, default: 20 }) })
export const NewConversation = Type.Object(
  { title: Type.String({ minLength: 1, maxLength: 200 }) },
  { additionalProperties: false },
)
