import type { Static } from 'typebox'
import Type from 'typebox'
import { Enum, Id, ListQuery, Nullable, Page, Ref, Time } from '../contracts/http.ts'
import { SCOPES, TIERS } from '../contracts/policy.ts'

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

/** Public keys (RFC 7517). Never a private or a secret one. */
export const JwkSet = Type.Object(
  {
    keys: Type.Array(
      Type.Object({
        kty: Type.String({ examples: ['OKP'] }),
        crv: Type.String({ examples: ['Ed25519'] }),
        x: Type.String(),
        y: Type.Optional(Type.String()),
        kid: Type.String(),
        alg: Enum(['EdDSA', 'ES256'] as const),
        use: Enum(['sig'] as const),
      }),
    ),
  },
  { $id: 'JwkSet' },
)

/** A rotated pair of tokens. */
export const TokenPair = Type.Object(
  { accessToken: Type.String(), refreshToken: Type.String(), expiresIn: Type.Integer() },
  { $id: 'TokenPair' },
)
export type TokenPair = Static<typeof TokenPair>

/** What a sign-in by cookies gives: the tokens are in cookies that no script can read. `user` is missing where the pair was only rotated. */
export const CookieSignIn = Type.Object(
  {
    user: Type.Optional(Ref(User)),
    csrfToken: Type.String({ description: 'Send it as X-CSRF-Token with everything but GET and HEAD' }),
    expiresIn: Type.Integer({ description: 'Life of the access cookie in seconds', examples: [900] }),
  },
  { $id: 'CookieSignIn' },
)

/** A sign-in on one device. */
export const Session = Type.Object(
  {
    id: Id,
    device: Type.String({ description: 'Made from the User-Agent', examples: ['Firefox on Windows'] }),
    userAgent: Nullable(Type.String()),
    address: Nullable(Type.String({ description: 'From where it was last refreshed' })),
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

/** The payload of `api_key.revoked`. */
export const ApiKeyRevoked = Type.Object({ keyId: Id }, { $id: 'ApiKeyRevoked' })

/** An email address. */
export const Email = Type.String({ format: 'email', minLength: 3, maxLength: 254, examples: ['ada@example.com'] })
/** A password to set. */
export const Password = Type.String({
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

/** An API key as it is listed: never the key itself. */
export const ApiKey = Type.Object(
  {
    id: Id,
    name: Type.String(),
    scopes: Type.Array(Enum(SCOPES)),
    expiresAt: Nullable(Time),
    lastUsedAt: Nullable(Time),
    createdAt: Time,
  },
  { $id: 'ApiKey' },
)
export type ApiKey = Static<typeof ApiKey>

/** A new API key, with the key that is shown this once. */
export const CreatedApiKey = Type.Object(
  { ...ApiKey.properties, key: Type.String({ description: 'Shown this once', examples: ['prl_...'] }) },
  { $id: 'CreatedApiKey' },
)
export type CreatedApiKey = Static<typeof CreatedApiKey>

/** Body that makes an API key. */
export const CreateApiKeyBody = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 100, pattern: '\\S', examples: ['build server'] }),
    scopes: Type.Array(Enum(SCOPES), { minItems: 1, maxItems: SCOPES.length, examples: [['conversations:read']] }),
    expiresAt: Type.Optional(Time),
  },
  closed,
)
export type CreateApiKeyBody = Static<typeof CreateApiKeyBody>

/** A page of API keys. */
export const ApiKeyPage = Page(Ref(ApiKey))

/** Body of a change of the own profile. */
export const ProfileBody = Type.Object({ name: Type.String({ minLength: 1, maxLength: 100, pattern: '\\S' }) }, closed)
export type ProfileBody = Static<typeof ProfileBody>

/** Body of a change of the password. */
export const ChangePasswordBody = Type.Object(
  { currentPassword: Type.String({ maxLength: 1024 }), newPassword: Password },
  closed,
)
export type ChangePasswordBody = Static<typeof ChangePasswordBody>

/** An account as administrators see it. */
export const ManagedUser = Type.Object({ ...User.properties, disabledAt: Nullable(Time) }, { $id: 'ManagedUser' })
export type ManagedUser = Static<typeof ManagedUser>

/** Query of the list of users. */
export const UserQuery = Type.Object(
  {
    ...ListQuery.properties,
    q: Type.Optional(Type.String({ minLength: 1, maxLength: 100, description: 'Part of the email or the name' })),
    role: Type.Optional(Enum(['user', 'admin'] as const)),
    tier: Type.Optional(Enum(TIERS)),
  },
  closed,
)
export type UserQuery = Static<typeof UserQuery>

/** Body with which an administrator changes an account. */
export const ManageUserBody = Type.Object(
  {
    role: Type.Optional(Enum(['user', 'admin'] as const)),
    tier: Type.Optional(Enum(TIERS)),
    disabled: Type.Optional(Type.Boolean()),
  },
  { ...closed, minProperties: 1 },
)
export type ManageUserBody = Static<typeof ManageUserBody>

/** A page of users. */
export const UserPage = Page(Ref(ManagedUser))
