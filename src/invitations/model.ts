import type { Static } from 'typebox'
import Type from 'typebox'
import { Enum, Id, Nullable, Page, Ref, Time } from '../contracts/http.ts'

const closed = { additionalProperties: false }
/** Roles that an invitation can give; an owner is made by handing over. */
const GIVEN_ROLES = ['admin', 'member', 'viewer'] as const

/** An invitation by email, as those who manage members see it. The token is only in the mail. */
export const Invitation = Type.Object(
  {
    id: Id,
    workspaceId: Nullable(Id),
    conversationId: Nullable(Id),
    email: Type.String(),
    role: Nullable(Enum(GIVEN_ROLES, { description: 'In the workspace; null: guest of the conversation' })),
    invitedBy: Nullable(Id),
    expiresAt: Time,
    createdAt: Time,
  },
  { $id: 'Invitation', description: 'An open invitation into a workspace or a conversation' },
)
export type Invitation = Static<typeof Invitation>

/** What whoever holds an invitation is told before accepting it. */
export const InvitationPreview = Type.Object(
  {
    place: Type.String({ description: 'Name of the workspace, or title of the conversation' }),
    kind: Enum(['workspace', 'conversation'] as const),
    role: Nullable(Enum(GIVEN_ROLES)),
    inviter: Nullable(Type.String({ description: 'Name of whoever invites' })),
    email: Type.String({ description: 'To whom it was sent: sign in or register with this email' }),
    expiresAt: Time,
  },
  { $id: 'InvitationPreview' },
)
export type InvitationPreview = Static<typeof InvitationPreview>

/** Where an accepted invitation has led to. */
export const AcceptedInvitation = Type.Object(
  { workspaceId: Nullable(Id), conversationId: Nullable(Id) },
  { $id: 'AcceptedInvitation' },
)
export type AcceptedInvitation = Static<typeof AcceptedInvitation>

const Email = Type.String({ format: 'email', maxLength: 254, examples: ['grace@example.com'] })

/** Body that invites somebody into a workspace. */
export const CreateInvitationBody = Type.Object(
  { email: Email, role: Enum(GIVEN_ROLES, { default: 'member' }) },
  closed,
)
export type CreateInvitationBody = Static<typeof CreateInvitationBody>

/** Body with the token of an invitation: never in a URL, where logs would keep it. */
export const InvitationTokenBody = Type.Object({ token: Type.String({ minLength: 1, maxLength: 200 }) }, closed)

/** Path parameters of an invitation within its place. */
export const InvitationParams = Type.Object({ id: Id, invitationId: Id }, closed)

export const InvitationPage = Page(Ref(Invitation))
