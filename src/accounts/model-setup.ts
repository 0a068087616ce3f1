import type { Static } from 'typebox'
import Type from 'typebox'
import { RegisterBody } from './model.ts'

export type { AuthResult } from './model.ts'

/** Body that makes the first administrator. */
export const SetupBody = Type.Object(
  {
    ...RegisterBody.properties,
    token: Type.String({ minLength: 1, maxLength: 200, description: 'Of the link that the first start prints' }),
  },
  { additionalProperties: false },
)
export type SetupBody = Static<typeof SetupBody>
