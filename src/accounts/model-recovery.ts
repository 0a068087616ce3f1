import type { Static } from 'typebox'
import Type from 'typebox'
import { Email, Password } from './model.ts'

const closed = { additionalProperties: false }
const Token = Type.String({ minLength: 20, maxLength: 200, description: 'From the link of the mail' })

/** Body with the token of a mail's link. */
export const MailTokenBody = Type.Object({ token: Token }, closed)

/** Body that names an email. */
export const EmailBody = Type.Object({ email: Email }, closed)

/** Body that changes the own email. */
export const ChangeEmailBody = Type.Object({ email: Email, currentPassword: Type.String({ maxLength: 1024 }) }, closed)
export type ChangeEmailBody = Static<typeof ChangeEmailBody>

/** Body that puts a new password by a mail's link. */
export const ResetPasswordBody = Type.Object({ token: Token, password: Password }, closed)
export type ResetPasswordBody = Static<typeof ResetPasswordBody>

/** The answer to whatever may lead to a mail: the same for every address. */
export const MailMaybeSent = Type.Object(
  {
    status: Type.Literal('accepted'),
    detail: Type.String({ examples: ['If there is something to do, a mail is on its way'] }),
  },
  {
    $id: 'MailMaybeSent',
    description: 'Accepted. Whether a mail goes out is not told: the answer is the same for every address',
  },
)
export type MailMaybeSent = Static<typeof MailMaybeSent>

/** A confirmed email. */
export const VerifiedEmail = Type.Object({ email: Type.String() }, { $id: 'VerifiedEmail' })
