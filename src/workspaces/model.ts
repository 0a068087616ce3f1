import type { Static } from 'typebox'
import Type from 'typebox'
import { Enum, Id, Page, Ref, Time } from '../contracts/http.ts'
import { WORKSPACE_ROLES } from '../contracts/policy.ts'

const closed = { additionalProperties: false }
const Name = Type.String({ minLength: 1, maxLength: 100, pattern: '\\S', examples: ['Research'] })

/** A workspace as one of its members sees it. */
export const Workspace = Type.Object(
  {
    id: Id,
    name: Type.String(),
    personal: Type.Boolean({ description: 'The one that every user has; requests that name none use it' }),
    role: Enum(WORKSPACE_ROLES, { description: 'The role of whoever asks' }),
    version: Type.Integer(),
    createdAt: Time,
    updatedAt: Time,
  },
  { $id: 'Workspace' },
)
export type Workspace = Static<typeof Workspace>

/** A deleted workspace, as its owner sees it. */
export const DeletedWorkspace = Type.Object(
  { ...Workspace.properties, deletedAt: Time, restorableUntil: Time },
  { $id: 'DeletedWorkspace' },
)
export type DeletedWorkspace = Static<typeof DeletedWorkspace>

/** A member of a workspace. */
export const WorkspaceMember = Type.Object(
  {
    workspaceId: Id,
    userId: Id,
    name: Type.String(),
    email: Type.Optional(Type.String({ description: 'Only for those who manage members, and your own' })),
    role: Enum(WORKSPACE_ROLES),
    createdAt: Time,
  },
  { $id: 'WorkspaceMember' },
)
export type WorkspaceMember = Static<typeof WorkspaceMember>

/** Body of a creation or a change. */
export const WorkspaceBody = Type.Object({ name: Name }, closed)
export type WorkspaceBody = Static<typeof WorkspaceBody>

/** Roles that can be given; the owner is made with the workspace. */
const GIVEN_ROLES = ['admin', 'member', 'viewer'] as const

/** Body that adds a registered user by id or by email. */
export const AddMemberBody = Type.Object(
  {
    userId: Type.Optional(Id),
    email: Type.Optional(Type.String({ format: 'email', maxLength: 254 })),
    role: Enum(GIVEN_ROLES, { default: 'member' }),
  },
  { ...closed, minProperties: 2 },
)
export type AddMemberBody = Static<typeof AddMemberBody>

/** Body that changes a member's role. */
export const MemberRoleBody = Type.Object({ role: Enum(GIVEN_ROLES) }, closed)

/** Body that hands a workspace over. */
export const TransferBody = Type.Object(
  { userId: { ...Id, description: 'A member, who becomes its owner; the owner of now becomes an admin' } },
  closed,
)

/** Path parameters of a member. */
export const MemberParams = Type.Object({ id: Id, userId: Id }, closed)

export const WorkspacePage = Page(Ref(Workspace))
export const DeletedWorkspacePage = Page(Ref(DeletedWorkspace))
export const WorkspaceMemberPage = Page(Ref(WorkspaceMember))
