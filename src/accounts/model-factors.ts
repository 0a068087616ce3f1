import type { Static } from 'typebox'
import Type from 'typebox'
import { Enum, Nullable, Time } from '../contracts/http.ts'

/** Ways to show a second factor. */
export const FACTORS = ['totp', 'recovery_code'] as const
/** One of {@link FACTORS}. */
export type Factor = (typeof FACTORS)[number]

const closed = { additionalProperties: false }

/** The answer to a right first factor of an account that has a second one. */
export const MfaChallenge = Type.Object(
  {
    mfaToken: Type.String({ description: 'Good for this sign-in only, for five minutes' }),
    methods: Type.Array(Enum(FACTORS)),
    expiresIn: Type.Integer({ description: 'Seconds', examples: [300] }),
  },
  {
    $id: 'MfaChallenge',
    description: 'A second factor is needed: send it with this token to /api/auth/mfa/totp/login',
  },
)
export type MfaChallenge = Static<typeof MfaChallenge>

/** Body with the password of the signed-in user. */
export const PasswordBody = Type.Object({ currentPassword: Type.String({ maxLength: 1024 }) }, closed)
export type PasswordBody = Static<typeof PasswordBody>

/** Body of what asks for the password, or for a sign-in of just now. May be left out. */
export const RecentBody = Nullable(
  Type.Object(
    {
      currentPassword: Type.Optional(
        Type.String({
          maxLength: 1024,
          description: 'Asked for (REAUTHENTICATION_REQUIRED) ten minutes after a sign-in',
        }),
      ),
    },
    closed,
  ),
)
export type RecentBody = Static<typeof RecentBody>

const Code = Type.String({
  minLength: 6,
  maxLength: 30,
  description: 'Six digits of the app, or a recovery code where one is accepted',
  examples: ['123456'],
})

/** Body with a code. */
export const MfaCodeBody = Type.Object({ code: Code }, closed)
export type MfaCodeBody = Static<typeof MfaCodeBody>

/** Body of the second step of a sign-in. */
export const MfaLoginBody = Type.Object(
  { mfaToken: Type.String({ minLength: 20, maxLength: 200 }), code: Code },
  closed,
)
export type MfaLoginBody = Static<typeof MfaLoginBody>

/** A secret for an authenticator app that waits for its first code. */
export const TotpEnrolment = Type.Object(
  {
    secret: Type.String({ description: 'Base32, to type in' }),
    uri: Type.String({
      description: 'To show as a QR code',
      examples: ['otpauth://totp/Parley:ada@example.com?secret=...'],
    }),
  },
  { $id: 'TotpEnrolment' },
)
export type TotpEnrolment = Static<typeof TotpEnrolment>

/** Recovery codes, shown this once. */
export const RecoveryCodes = Type.Object(
  { recoveryCodes: Type.Array(Type.String({ examples: ['7k2m-9x4q-hd3w-t6vp'] })) },
  { $id: 'RecoveryCodes', description: 'Each is good once, in place of a code of the app' },
)
export type RecoveryCodes = Static<typeof RecoveryCodes>

/** Which second factors an account has. */
export const MfaStatus = Type.Object(
  { totp: Nullable(Type.Object({ confirmedAt: Time })), recoveryCodesLeft: Type.Integer() },
  { $id: 'MfaStatus' },
)
export type MfaStatus = Static<typeof MfaStatus>
