import type { Static } from 'typebox'
import Type from 'typebox'
import { Enum, Id, Nullable, Page, Ref, Time } from '../contracts/http.ts'
import { TIERS } from '../contracts/policy.ts'

const closed = { additionalProperties: false }

/** An account as its owner and administrators see it. */
export const User = Type.Object(
  {
    id: Id,
    email: Type.String({ examples: ['ada@example.com'] }),
    name: Type.String({ examples: ['Ada Lovelace'] }),
    role: Enum(['user', 'admin'] as const),
    tier: Enum(TIERS),
    emailVerified: Type.Boolean(),
    version: Type.Integer(),
    createdAt: Time,
    updatedAt: Time,
  },
  { $id: 'User' },
)
export type User = Static<typeof User>

/** What a sign-in gives. `expiresIn` is the life of the access token in seconds. */
export const AuthResult = Type.Object(
  {
    user: Ref(User),
    accessToken: Type.String(),
    refreshToken: Type.String(),
    expiresIn: Type.Integer({ examples: [900] }),
  },
  { $id: 'AuthResult' },
)
export type AuthResult = Static<typeof AuthResult>

/** A rotated pair of tokens. */
export const TokenPair = Type.Object(
  { accessToken: Type.String(), refreshToken: Type.String(), expiresIn: Type.Integer() },
  { $id: 'TokenPair' },
)
export type TokenPair = Static<typeof TokenPair>

/** A sign-in on one device. */
export const Session = Type.Object(
  {
    id: Id,
    userAgent: Nullable(Type.String()),
    address: Nullable(Type.String()),
    current: Type.Boolean({ description: 'Whether it is the one that asks' }),
    createdAt: Time,
    lastSeenAt: Time,
    expiresAt: Time,
  },
  { $id: 'Session' },
)
export type Session = Static<typeof Session>

/** The payload of `session.revoked`. */
export const SessionRevoked = Type.Object({ sessionId: Id, reason: Type.String() }, { $id: 'SessionRevoked' })

const Email = Type.String({ format: 'email', minLength: 3, maxLength: 254, examples: ['ada@example.com'] })
const Password = Type.String({
  minLength: 8,
  maxLength: 1024,
  description: 'At least 8 characters of any kind',
  examples: ['correct horse battery staple'],
})

/** Body of a registration. */
export const RegisterBody = Type.Object(
  { email: Email, password: Password, name: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })) },
  closed,
)
export type RegisterBody = Static<typeof RegisterBody>

/** Body of a login. */
export const LoginBody = Type.Object(
  { email: Type.String({ maxLength: 254, examples: ['ada@example.com'] }), password: Type.String({ maxLength: 1024 }) },
  closed,
)
export type LoginBody = Static<typeof LoginBody>

/** Body of a refresh or a logout. */
export const RefreshBody = Type.Object({ refreshToken: Type.String({ minLength: 1, maxLength: 512 }) }, closed)

/** A page of sessions. */
export const SessionPage = Page(Ref(Session))

/** From where a sign-in comes. */
export interface Device {
  userAgent?: string | undefined
  address?: string | undefined
}
