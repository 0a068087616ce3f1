import { ParleyError } from '../../../sdk/index.ts'

/** Sentences by error code. */
export type Advice = Record<string, string>

const ADVICE: Advice = {
  NETWORK: 'The server cannot be reached. Check that it is running and that you are online, then try again.',
  TIMEOUT: 'The server took too long to answer. Try again in a moment.',
  INVALID_CREDENTIALS: 'Email or password is wrong. Check both, or create an account.',
  EMAIL_TAKEN: 'This email already has an account. Sign in instead.',
  NOT_SIGNED_IN: 'You have been signed out. Sign in again to go on.',
  TOKEN_EXPIRED: 'You have been signed out. Sign in again to go on.',
  SESSION_REVOKED: 'This session was ended, perhaps from another device. Sign in again.',
  ACCOUNT_DISABLED: 'This account is disabled. Ask the administrator of this server.',
  EMAIL_UNVERIFIED: 'This email is not confirmed yet. Follow the link in the mail that was sent to it.',
  MFA_CODE_INVALID: 'This code is wrong or was used already. Wait for the next one of your app, and type that.',
  PASSKEY_INVALID: 'This passkey was not accepted. Use another one, or your password.',
  LINK_INVALID: 'This link was used already, or is too old. Ask for a new one.',
  OAUTH_FAILED: 'The other site did not confirm who you are. Try again, or sign in another way.',
  OAUTH_LINK_REQUIRED:
    'There is an account with this email already. Sign in with its password, then link the other site in your settings.',
  FORBIDDEN: 'Your role does not allow this. Ask an owner of the workspace.',
  NOT_FOUND: 'It is not there any more, or you have no access to it. Go back and choose another one.',
  PAYLOAD_TOO_LARGE:
    'The file is larger than this server takes. Leave out node_modules and build output, then upload again.',
  QUOTA_EXCEEDED: 'Your storage is full. Delete uploads you no longer need, then try again.',
  UNSUPPORTED_MEDIA_TYPE: 'This kind of file cannot be read. Upload a .zip, .tar.gz, source file or document.',
  FRAME_TOO_LARGE: 'The message is too long. Shorten it, or upload the text as a file.',
  OVERLOADED: 'The server is busy. Try again in a few seconds.',
  NOT_READY: 'The server is starting or stopping. Try again in a few seconds.',
  STORAGE_FULL: 'The disk of the server is full. Tell its operator.',
}

/** An error whose message is for people already. */
export class Told extends Error {}

const inAWhile = (seconds: number): string =>
  seconds < 90 ? `in ${seconds} seconds` : `in ${Math.ceil(seconds / 60)} minutes`

/** What went wrong and what to do next, in a sentence or two for people. `advice` goes before the usual words. */
export function explain(error: unknown, advice: Advice = {}): string {
  if (error instanceof Told) return error.message
  if (!(error instanceof ParleyError)) return 'Something unexpected happened in this page. Reload it and try again.'
  if (error.code === 'RATE_LIMITED') {
    const wait = error.retryAfter ? inAWhile(error.retryAfter) : 'in a minute'
    return `That was too often in a short time. Try again ${wait}.`
  }
  const special = advice[error.code]
  if (special) return special
  if (error.errors.length > 0) {
    return error.errors.map(({ path, message }) => `${fieldName(path)} ${message}`.trim()).join('. ')
  }
  const usual = ADVICE[error.code]
  if (usual) return usual
  const reference = error.requestId ? ` If it happens again, give the operator this id: ${error.requestId}.` : ''
  return `${error.message.replace(/\.?$/, '.')}${reference}`
}

/** The field an error belongs to, as its name in the form: `/password` or `body.password` is `password`. */
export const fieldName = (path: string): string => path.split(/[/.]/).filter(Boolean).at(-1) ?? ''
