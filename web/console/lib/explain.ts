import { ParleyError } from '../../../sdk/index.ts'

const ADVICE: Record<string, string> = {
  NETWORK: 'The server cannot be reached. Check that it is running and that you are online, then try again.',
  TIMEOUT: 'The server took too long to answer. Try again in a moment.',
  INVALID_CREDENTIALS: 'Email or password is wrong. Check both, or create an account.',
  EMAIL_TAKEN: 'This email already has an account. Sign in instead.',
  NOT_SIGNED_IN: 'You have been signed out. Sign in again to go on.',
  TOKEN_EXPIRED: 'You have been signed out. Sign in again to go on.',
  SESSION_REVOKED: 'This session was ended, perhaps from another device. Sign in again.',
  ACCOUNT_DISABLED: 'This account is disabled. Ask the administrator of this server.',
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

/** What went wrong and what to do next, in a sentence or two for people. */
export function explain(error: unknown): string {
  if (!(error instanceof ParleyError)) return 'Something unexpected happened in this page. Reload it and try again.'
  if (error.code === 'RATE_LIMITED') {
    const wait = error.retryAfter ? `in ${error.retryAfter} seconds` : 'in a minute'
    return `That was too often in a short time. Try again ${wait}.`
  }
  if (error.errors.length > 0) {
    return error.errors.map(({ path, message }) => `${fieldName(path)} ${message}`.trim()).join('. ')
  }
  const advice = ADVICE[error.code]
  if (advice) return advice
  const reference = error.requestId ? ` If it happens again, give the operator this id: ${error.requestId}.` : ''
  return `${error.message.replace(/\.?$/, '.')}${reference}`
}

/** The field an error belongs to, as its name in the form: `/password` or `body.password` is `password`. */
export const fieldName = (path: string): string => path.split(/[/.]/).filter(Boolean).at(-1) ?? ''
