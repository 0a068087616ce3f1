import type { Static } from 'typebox'
import Type from 'typebox'
import { ASSISTANT_MODES } from '../contracts/assistant.ts'
import { Enum, Id, ListQuery, Nullable, Page, Ref, Time } from '../contracts/http.ts'
import { CONVERSATION_ROLES } from '../contracts/policy.ts'

const closed = { additionalProperties: false }
const Title = Type.String({
  minLength: 1,
  maxLength: 200,
  pattern: '^[^\\u0000]*\\S[^\\u0000]*$',
  examples: ['Release plan'],
})
const Mode = Enum(ASSISTANT_MODES, {
  description: 'When the assistant answers; auto: when one person is there, or when it is called with @assistant',
})
const Seq = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })

/** A conversation. What depends on whoever asks (`role`, `readSeq`, `unread`) is missing in events. */
export const Conversation = Type.Object(
  {
    id: Id,
    workspaceId: Id,
    title: Type.String(),
    assistant: Mode,
    createdBy: Nullable(Id),
    version: Type.Integer(),
    createdAt: Time,
    updatedAt: Time,
    role: Type.Optional(
      Nullable(Enum(CONVERSATION_ROLES, { description: 'Your role in it; null: by your role in the workspace alone' })),
    ),
    readSeq: Type.Optional({ ...Seq, description: 'Up to which number you have read' }),
    unread: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 100, description: 'Messages of others behind it; 100 means 100 or more' }),
    ),
  },
  { $id: 'Conversation', description: 'A conversation of a workspace' },
)
export type Conversation = Static<typeof Conversation>

/** A deleted conversation. */
export const DeletedConversation = Type.Object(
  { id: Id, workspaceId: Id, title: Type.String(), deletedAt: Time, restorableUntil: Time },
  { $id: 'DeletedConversation' },
)
export type DeletedConversation = Static<typeof DeletedConversation>

/** Query of deleted conversations. */
export const DeletedConversationQuery = Type.Object(
  { ...ListQuery.properties, workspaceId: Type.Optional({ ...Id, description: 'The personal workspace when absent' }) },
  closed,
)
export type DeletedConversationQuery = Static<typeof DeletedConversationQuery>

/** Who takes part. */
export const ConversationMember = Type.Object(
  {
    conversationId: Id,
    userId: Id,
    name: Type.String(),
    role: Enum(CONVERSATION_ROLES),
    readSeq: { ...Seq, description: 'Up to which number this member has read' },
    createdAt: Time,
  },
  { $id: 'ConversationMember', description: 'A member of a conversation' },
)
export type ConversationMember = Static<typeof ConversationMember>

/** Up to where a member has read. */
export const ReadMarker = Type.Object(
  { conversationId: Id, userId: Id, seq: Seq },
  { $id: 'ReadMarker', description: 'Up to which number of a conversation somebody has read' },
)
export type ReadMarker = Static<typeof ReadMarker>

/** Body of a creation. Without `workspaceId` it is made in the personal workspace. */
export const CreateConversationBody = Type.Object(
  {
    title: Type.Optional(Title),
    workspaceId: Type.Optional(Id),
    assistant: Type.Optional(Mode),
  },
  closed,
)
export type CreateConversationBody = Static<typeof CreateConversationBody>

/** Body of a change. */
export const UpdateConversationBody = Type.Object(
  { title: Type.Optional(Title), assistant: Type.Optional(Mode) },
  { ...closed, minProperties: 1 },
)
export type UpdateConversationBody = Static<typeof UpdateConversationBody>

/** Query of the list of conversations. */
export const ConversationQuery = Type.Object(
  {
    limit: Type.Integer({ minimum: 1, maximum: 100, default: 20, description: 'Page size' }),
    cursor: Type.Optional(Type.String({ maxLength: 500, description: '`nextCursor` of the page before' })),
    workspaceId: Type.Optional({ ...Id, description: 'Only those of this workspace; without: all you may see' }),
  },
  closed,
)
export type ConversationQuery = Static<typeof ConversationQuery>

/** Body that adds a registered user, by id or by email; one from outside the workspace becomes a guest. */
export const AddConversationMemberBody = Type.Object(
  {
    userId: Type.Optional(Id),
    email: Type.Optional(Type.String({ format: 'email', maxLength: 254 })),
  },
  { ...closed, minProperties: 1, maxProperties: 1 },
)
export type AddConversationMemberBody = Static<typeof AddConversationMemberBody>

/** Body that moves the own read marker. */
export const ReadBody = Type.Object({ seq: Seq }, closed)
/** Body that says whether the caller is typing. */
export const TypingBody = Type.Object({ active: Type.Boolean() }, closed)
/** Path parameters of a member. */
export const ConversationMemberParams = Type.Object({ id: Id, userId: Id }, closed)

export const ConversationPage = Page(Ref(Conversation))
export const DeletedConversationPage = Page(Ref(DeletedConversation))
export const ConversationMemberPage = Page(Ref(ConversationMember))
