import { problem } from '../contracts/errors.ts'
import { COMMON_PASSWORDS } from './common-passwords.ts'

/**
 * Refuses passwords that are guessed first: the commonest ones, and the person's own names. Any other composition goes (OWASP ASVS 6.2.4 to 6.2.12).
 * Length is the schema's business.
 * @param field where the password stood in the request, for the error
 * @throws VALIDATION_FAILED
 */
export function demandUncommon(password: string, own: { email: string; name: string }, field = 'password'): void {
  const plain = password.toLowerCase()
  const [local = ''] = own.email.split('@', 1)
  const refuse = (message: string) =>
    problem('VALIDATION_FAILED', { detail: 'See errors for each fault', errors: [{ path: `body/${field}`, message }] })
  if (COMMON_PASSWORDS.has(plain)) throw refuse('is one of the commonest passwords: choose another')
  if ([own.email, local, own.name].some((word) => word.toLowerCase() === plain))
    throw refuse('must not be your own name or email')
}
