import { browserSupportsWebAuthn, startAuthentication, startRegistration, WebAuthnError } from '@simplewebauthn/browser'
import type { AskAuthenticator } from '../../../sdk/index.ts'
import { Told } from './explain.ts'

/** Whether passkeys can be used on this page: WebAuthn knows names of hosts only, not addresses. */
export const passkeysWork = (): boolean =>
  browserSupportsWebAuthn() && !/^[\d.]+$|:/.test(location.hostname.replace(/^\[|\]$/g, ''))

const WORDS: Record<string, string> = {
  NotAllowedError: 'No passkey was used: it was cancelled, or took too long. Try again, or sign in another way.',
  InvalidStateError: 'This device has a passkey for your account already.',
  SecurityError: 'Passkeys do not work at this address. Open the page by the name that its links in mails have.',
  AbortError: 'It was cancelled.',
}

async function told<T>(ceremony: Promise<T>): Promise<T> {
  try {
    return await ceremony
  } catch (error) {
    const name = error instanceof WebAuthnError || error instanceof DOMException ? error.name : ''
    throw new Told(WORDS[name] ?? 'The browser could not use a passkey. Try again, or sign in another way.')
  }
}

/** Has the browser answer with a passkey. @throws Told */
export const usePasskey: AskAuthenticator = (options) => told(startAuthentication({ optionsJSON: options as never }))

/** Has the browser make a passkey. @throws Told */
export const makePasskey: AskAuthenticator = (options) => told(startRegistration({ optionsJSON: options as never }))
