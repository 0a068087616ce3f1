import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server'
import type { Static } from 'typebox'
import Type from 'typebox'
import { Id, Nullable, Ref, Time } from '../contracts/http.ts'

const closed = { additionalProperties: false }
const Base64Url = Type.String({ minLength: 1, maxLength: 20_000, pattern: '^[\\w-]+$' })
const Name = Type.String({ minLength: 1, maxLength: 100, pattern: '\\S', examples: ['My phone'] })
const Token = Type.String({ minLength: 20, maxLength: 200, description: 'Of the options this answers' })

/** What a browser's `PublicKeyCredential.toJSON()` gives (WebAuthn Level 3, section 5.1.8), as far as it must be there. */
const credential = (response: Record<string, typeof Base64Url>) =>
  Type.Object({
    id: Base64Url,
    rawId: Base64Url,
    type: Type.Literal('public-key'),
    response: Type.Object(response),
    clientExtensionResults: Type.Object({}),
  })

/** Options for the browser, to be handed to WebAuthn as they are; `token` comes back with the answer. */
export const PasskeyOptions = Type.Object(
  {
    token: Type.String(),
    options: Type.Unsafe<object>({
      type: 'object',
      additionalProperties: true,
      description: 'publicKey options in JSON',
    }),
  },
  { $id: 'PasskeyOptions' },
)

/** Body that registers a passkey. */
export const RegisterPasskeyBody = Type.Object(
  {
    token: Token,
    name: Name,
    response: Type.Unsafe<RegistrationResponseJSON>(
      credential({ clientDataJSON: Base64Url, attestationObject: Base64Url }),
    ),
  },
  closed,
)
export type RegisterPasskeyBody = Static<typeof RegisterPasskeyBody>

/** Body that signs in with a passkey. */
export const PasskeyLoginBody = Type.Object(
  {
    token: Token,
    response: Type.Unsafe<AuthenticationResponseJSON>(
      credential({ clientDataJSON: Base64Url, authenticatorData: Base64Url, signature: Base64Url }),
    ),
  },
  closed,
)
export type PasskeyLoginBody = Static<typeof PasskeyLoginBody>

/** Body that renames a passkey. */
export const RenamePasskeyBody = Type.Object({ name: Name }, closed)

/** A passkey of an account. */
export const Passkey = Type.Object(
  {
    id: Id,
    name: Type.String(),
    backedUp: Type.Boolean({ description: 'Whether its owner’s other devices have it too' }),
    createdAt: Time,
    lastUsedAt: Nullable(Time),
  },
  { $id: 'Passkey' },
)
export type Passkey = Static<typeof Passkey>

/** All passkeys of an account. They are few: no pages. */
export const Passkeys = Type.Object({ items: Type.Array(Ref(Passkey)) })
