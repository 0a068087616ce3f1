import { createHash, randomInt } from 'node:crypto'

/** Crockford's base 32 without what is easily misread. */
const LETTERS = '0123456789abcdefghjkmnpqrstvwxyz'
const GROUPS = 4
const GROUP_LENGTH = 4
const COUNT = 10
const FORM = new RegExp(`^[${LETTERS}]{${GROUPS * GROUP_LENGTH}}$`)

const plain = (code: string) => code.toLowerCase().replace(/[\s-]/g, '')
const group = () => Array.from({ length: GROUP_LENGTH }, () => LETTERS[randomInt(LETTERS.length)]).join('')

/** Ten fresh recovery codes, `xxxx-xxxx-xxxx-xxxx`, of 80 random bits each. */
export const makeRecoveryCodes = (): string[] =>
  Array.from({ length: COUNT }, () => Array.from({ length: GROUPS }, group).join('-'))

/** Whether a text has the form of a recovery code, and so not that of a code of an app. */
export const isRecoveryCode = (code: string): boolean => FORM.test(plain(code))

/** What is stored of a code. Its 80 random bits need no slow hash; the user's id makes equal codes of two users differ. */
export const hashRecoveryCode = (userId: string, code: string): string =>
  createHash('sha256')
    .update(`recovery:${userId}:${plain(code)}`)
    .digest('hex')
