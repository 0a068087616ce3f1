import type { Static } from 'typebox'
import Type from 'typebox'
import { Id, Nullable, Ref, Time } from '../contracts/http.ts'

const closed = { additionalProperties: false }

/** Path parameter that names a provider. */
export const ProviderParams = Type.Object(
  { provider: Type.String({ pattern: '^[a-z][a-z0-9-]{0,30}$', examples: ['google'] }) },
  closed,
)

/** The query with which a provider sends the browser back (RFC 6749 section 4.1.2). Others may be among it. */
export const CallbackQuery = Type.Object({
  state: Type.Optional(Type.String({ maxLength: 500 })),
  code: Type.Optional(Type.String({ maxLength: 4000 })),
  error: Type.Optional(Type.String({ maxLength: 500 })),
})

/** An identity provider one may sign in with. */
export const SignInProvider = Type.Object(
  { name: Type.String({ examples: ['google'] }), label: Type.String({ examples: ['Google'] }) },
  { $id: 'SignInProvider' },
)

/** All of them. */
export const SignInProviders = Type.Object({ items: Type.Array(Ref(SignInProvider)) })

/** A sign-in that was begun. */
export const OAuthStart = Type.Object(
  {
    url: Type.String({ description: 'Where to send the browser' }),
    handle: Type.String({
      description:
        'To be kept in this browser (sessionStorage) and sent with the code: whoever has the code alone gets nothing',
    }),
    expiresIn: Type.Integer({ examples: [600] }),
  },
  { $id: 'OAuthStart' },
)
export type OAuthStart = Static<typeof OAuthStart>

/** Body that exchanges what came back for a sign-in or a link. */
export const OAuthExchangeBody = Type.Object(
  {
    code: Type.String({ minLength: 20, maxLength: 200, description: 'From the fragment of /account/oauth#code=...' }),
    handle: Type.String({ minLength: 20, maxLength: 200 }),
  },
  closed,
)
export type OAuthExchangeBody = Static<typeof OAuthExchangeBody>

/** A linked identity. */
export const Identity = Type.Object(
  {
    id: Id,
    provider: Type.String({ examples: ['google'] }),
    email: Nullable(Type.String()),
    createdAt: Time,
    lastUsedAt: Nullable(Time),
  },
  { $id: 'Identity' },
)
export type Identity = Static<typeof Identity>

/** All identities of an account. They are few: no pages. */
export const Identities = Type.Object({ items: Type.Array(Ref(Identity)) })
