import Type, { type Static } from 'typebox'
import { Enum, Id, Nullable, Ref, Time } from './http.ts'

/** Who speaks. */
export const MESSAGE_ROLES = ['user', 'assistant', 'system'] as const
/** Whether a message is whole. Only replies are ever anything but `complete`. */
export const MESSAGE_STATES = ['complete', 'streaming', 'stopped', 'failed'] as const

/** A passage that a reply rests on. `quote` stands at these lines of the file, letter for letter. */
export const Citation = Type.Object(
  {
    uploadId: Type.Union([Id, Type.Null()], { description: 'The upload that holds the file; null when it is gone' }),
    path: Type.String({ description: 'Path of the file, within an archive too', examples: ['src/cache.ts'] }),
    startLine: Type.Integer({ minimum: 1 }),
    endLine: Type.Integer({ minimum: 1 }),
    nodeId: Type.Optional({ ...Id, description: 'The graph node it belongs to' }),
    quote: Type.String({ description: 'What stands at these lines' }),
  },
  { $id: 'Citation', description: 'A passage that a reply rests on' },
)
export type Citation = Static<typeof Citation>

/** How many have reacted with an emoji. */
export const ReactionCount = Type.Object({ emoji: Type.String(), count: Type.Integer({ minimum: 1 }) })
export type ReactionCount = Static<typeof ReactionCount>

/** A message as REST, events and sockets give it. */
export const Message = Type.Object(
  {
    id: Id,
    conversationId: Id,
    seq: Type.Integer({ minimum: 1, description: 'Number of its first event on the topic of the conversation' }),
    role: Enum(MESSAGE_ROLES),
    authorId: Nullable(Id),
    content: Type.String({ description: 'Empty while a reply begins, and for a deleted message' }),
    clientId: Type.Optional(Type.String({ description: 'Chosen by its author' })),
    replyTo: Type.Optional(Id),
    threadId: Type.Optional({
      ...Id,
      description: 'The message that its thread began with; absent for one that answers nothing',
    }),
    replyCount: Type.Optional(
      Type.Integer({ minimum: 1, description: 'Messages in the thread that it began; absent when there are none' }),
    ),
    mentions: Type.Optional(Type.Array(Id, { description: 'Users it calls; absent when there are none' })),
    reactions: Type.Optional(Type.Array(ReactionCount, { description: 'Absent when there are none' })),
    attachments: Type.Array(Id, { description: 'Ids of uploads' }),
    citations: Type.Array(Ref(Citation)),
    status: Enum(MESSAGE_STATES),
    version: Type.Integer({ minimum: 1 }),
    createdAt: Time,
    editedAt: Type.Optional(Time),
    deletedAt: Type.Optional(Time),
  },
  { $id: 'Message', description: 'A message of a person or of the assistant' },
)
export type Message = Static<typeof Message>
