import type { Static } from 'typebox'
import Type from 'typebox'
import { Enum, Id, Nullable, Page, Ref, Time } from '../contracts/http.ts'

const closed = { additionalProperties: false }
/** Roles that a service account can have; it owns nothing. */
const GIVEN_ROLES = ['admin', 'member', 'viewer'] as const
const Name = Type.String({ minLength: 1, maxLength: 100, pattern: '\\S', examples: ['build server'] })

/** A service account: a member of one workspace that is no person, and acts with API keys. */
export const ServiceAccount = Type.Object(
  {
    id: Id,
    workspaceId: Id,
    name: Type.String(),
    role: Enum(GIVEN_ROLES),
    disabledAt: Nullable(Time),
    createdBy: Nullable(Id),
    createdAt: Time,
  },
  { $id: 'ServiceAccount', description: 'A member of a workspace that is no person' },
)
export type ServiceAccount = Static<typeof ServiceAccount>

/** Body that makes a service account. */
export const CreateServiceAccountBody = Type.Object(
  { name: Name, role: Enum(GIVEN_ROLES, { default: 'member' }) },
  closed,
)
export type CreateServiceAccountBody = Static<typeof CreateServiceAccountBody>

/** Body that changes one. */
export const UpdateServiceAccountBody = Type.Object(
  { name: Type.Optional(Name), role: Type.Optional(Enum(GIVEN_ROLES)), disabled: Type.Optional(Type.Boolean()) },
  { ...closed, minProperties: 1 },
)
export type UpdateServiceAccountBody = Static<typeof UpdateServiceAccountBody>

/** Path parameters. */
export const ServiceAccountParams = Type.Object({ id: Id, accountId: Id }, closed)
export const ServiceAccountKeyParams = Type.Object({ id: Id, accountId: Id, keyId: Id }, closed)

export const ServiceAccountPage = Page(Ref(ServiceAccount))
