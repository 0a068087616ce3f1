import type { Page } from '../http/pages.ts'
import type { Http } from '../http/request.ts'
import type { Session } from '../session.ts'
import type { AuthResult, Session as ServerSession, User } from '../types.ts'
import type { ListOptions } from './conversations.ts'

/** Accounts and sessions. `register` and `login` sign this client in. */
export function authApi(http: Http, session: Session) {
  const signIn = async (path: string, body: object): Promise<User> => {
    const answer = await http.json<AuthResult>('POST', path, { body, anonymous: true })
    session.accept(answer)
    return answer.user
  }
  return {
    register: (input: { email: string; password: string; name?: string }) => signIn('/api/auth/register', input),
    login: (input: { email: string; password: string }) => signIn('/api/auth/login', input),
    me: () => http.json<User>('GET', '/api/auth/me'),
    changePassword: (input: { currentPassword: string; newPassword: string }) =>
      http.json<undefined>('POST', '/api/auth/password/change', { body: input }),
    /** Where this user is signed in. */
    sessions: (query: ListOptions = {}) => http.json<Page<ServerSession>>('GET', '/api/auth/sessions', { query }),
    endSession: (id: string) => http.json<undefined>('DELETE', `/api/auth/sessions/${id}`),
    /** Ends every session of this user, this one included. */
    async logoutAll(): Promise<void> {
      await http.json('POST', '/api/auth/logout-all')
      session.end('logout')
    },
    /** Ends this session on the server, and here even if the server cannot be reached. */
    async logout(): Promise<void> {
      try {
        await http.json('POST', '/api/auth/logout', { retries: 0 })
      } finally {
        session.end('logout')
      }
    },
  }
}
