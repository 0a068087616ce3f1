import type { Operations } from '../operations.ts'
import type { Session } from '../session.ts'
import type { AuthResult, MailMaybeSent, MfaChallenge, User } from '../types.ts'
import type { Rest } from './rest.ts'

type Body<K extends keyof Operations> = Operations[K] extends { body: infer B } ? B : never

/** This client is signed in now. */
export type SignedIn = { status: 'signed_in'; user: User }
/** The account has a second factor: nobody is signed in before `complete` was called with a code of the app, or with a recovery code. */
export type SecondFactor = {
  status: 'second_factor'
  methods: MfaChallenge['methods']
  /** Until when (ms since 1970, this machine's clock): later it is to be begun anew. */
  expiresAt: number
  /** May be called again after MFA_CODE_INVALID; TOKEN_INVALID says that it took too long. */
  complete(code: string): Promise<SignedIn>
}
/** What a sign-in comes to. */
export type SignIn = SignedIn | SecondFactor
/** What a registration comes to; where emails must be confirmed first, the mail tells how it goes on, and nobody is signed in. */
export type Registration = SignedIn | { status: 'mail_sent'; detail: string }
/** Hands options to the browser and gives back what it says: `startAuthentication` of @simplewebauthn/browser does that. */
export type AskAuthenticator = (options: Record<string, unknown>) => Promise<object>

/** What is asked of nobody in particular. Limits of sign-ins are long: whoever waits for an answer hears of them at once. */
const OPEN = { anonymous: true, longestWaitMs: 2000 }

/** Accounts, ways to sign in, and sessions. What is not here is in `rest`: second factors, passkeys, identities, API keys. */
export function authApi(rest: Rest, session: Session) {
  const accept = (answer: AuthResult): SignedIn => {
    session.accept(answer)
    return { status: 'signed_in', user: answer.user }
  }
  const settle = (answer: AuthResult | MfaChallenge): SignIn => {
    if (!('mfaToken' in answer)) return accept(answer)
    const { mfaToken, methods, expiresIn } = answer
    return {
      status: 'second_factor',
      methods,
      expiresAt: Date.now() + expiresIn * 1000,
      complete: async (code) => accept(await rest.loginMfa({ ...OPEN, body: { mfaToken, code: code.trim() } })),
    }
  }
  const registered = (answer: AuthResult | MailMaybeSent): Registration =>
    'accessToken' in answer ? accept(answer) : { status: 'mail_sent', detail: answer.detail }

  return {
    register: async (body: Body<'register'>) => registered(await rest.register({ ...OPEN, body })),
    /** Signs in, or answers a second factor to complete. */
    login: async (body: Body<'login'>): Promise<SignIn> => settle(await rest.login({ ...OPEN, body })),
    /** Signs in with a passkey of this device, which is two factors by itself. */
    async loginWithPasskey(ask: AskAuthenticator): Promise<SignedIn> {
      const { token, options } = await rest.passkeyLoginOptions(OPEN)
      const response = (await ask(options)) as Body<'loginPasskey'>['response']
      return accept(await rest.loginPasskey({ ...OPEN, body: { token, response } }))
    },
    /** Begins to sign in with an identity provider: keep the handle in this browser, send the browser to the URL. */
    startOAuth: (provider: string) => rest.startOAuth({ ...OPEN, path: { provider } }),
    /** Signs in with the code that the provider's return leads to, and the handle of the start. */
    finishOAuth: async (body: Body<'exchangeOAuth'>): Promise<SignIn> =>
      settle(await rest.exchangeOAuth({ ...OPEN, body })),
    /** Makes the first administrator with the token of the link that the first start prints, and signs in. */
    setUp: async (body: Body<'setUp'>): Promise<SignedIn> => accept(await rest.setUp({ ...OPEN, body })),
    me: () => rest.getMe(),
    /** Exchanges the tokens for new ones now; they are exchanged in time by themselves. */
    refresh: () => session.renew(),

    /** Confirms an email by the token of a mail's link. LINK_INVALID: used already, or too old. */
    verifyEmail: (token: string) => rest.verifyEmail({ ...OPEN, body: { token } }),
    /** Asks for that mail again; the answer is the same for every address. */
    resendVerification: (email: string) => rest.resendVerification({ ...OPEN, body: { email } }),
    /** Uses another email once its owner has confirmed it. */
    changeEmail: (body: Body<'changeEmail'>) => rest.changeEmail({ body, longestWaitMs: OPEN.longestWaitMs }),
    /** Asks for a mail with a link to choose a new password; the answer is the same for every address. */
    forgotPassword: (email: string) => rest.forgotPassword({ ...OPEN, body: { email } }),
    /** Puts a new password by the token of that link. Ends all sessions and signs nobody in. */
    resetPassword: (body: Body<'resetPassword'>) => rest.resetPassword({ ...OPEN, body }),
    /** Changes the own password; this session goes on, the others end. */
    changePassword: (body: Body<'changePassword'>) => rest.changePassword({ body, longestWaitMs: OPEN.longestWaitMs }),

    /** Where this user is signed in. */
    sessions: (query: Operations['listSessions']['query'] = {}) => rest.listSessions({ query }),
    endSession: (id: string) => rest.revokeSession({ path: { id } }),
    /** Ends every session of this user, this one included. */
    async logoutAll(): Promise<void> {
      await rest.logoutAll()
      session.end('logout')
    },
    /** Ends this session on the server, and here even if the server cannot be reached. */
    async logout(): Promise<void> {
      try {
        await rest.logout({ retries: 0 })
      } finally {
        session.end('logout')
      }
    },
  }
}
