import type { Page } from '../http/pages.ts'
import type { Http } from '../http/request.ts'
import type { Workspace, WorkspaceMember } from '../types.ts'
import type { ListOptions } from './conversations.ts'

/** A role that can be given to a member; the owner is whoever made the workspace. */
export type GivenRole = Exclude<WorkspaceMember['role'], 'owner'>

/** Workspaces: what their members share. Requests that name none use the personal one, which everybody has. */
export function workspacesApi(http: Http) {
  return {
    create: (name: string) => http.json<Workspace>('POST', '/api/workspaces', { body: { name } }),
    list: (query: ListOptions = {}) => http.json<Page<Workspace>>('GET', '/api/workspaces', { query }),
    get: (id: string) => http.tagged<Workspace>('GET', `/api/workspaces/${id}`),
    update: (id: string, etag: string, change: { name: string }) =>
      http.tagged<Workspace>('PATCH', `/api/workspaces/${id}`, { body: change, ifMatch: etag }),
    delete: (id: string, etag: string) => http.json<undefined>('DELETE', `/api/workspaces/${id}`, { ifMatch: etag }),
    members: (id: string, query: ListOptions = {}) =>
      http.json<Page<WorkspaceMember>>('GET', `/api/workspaces/${id}/members`, { query }),
    /** Adds a registered user, by id or by email. */
    addMember: (id: string, who: ({ userId: string } | { email: string }) & { role?: GivenRole }) =>
      http.json<WorkspaceMember>('POST', `/api/workspaces/${id}/members`, { body: { role: 'member', ...who } }),
    /** Accepts an invitation that was mailed to the email of this user; where it leads to. */
    acceptInvitation: (token: string) =>
      http.json<{ workspaceId: string | null; conversationId: string | null }>('POST', '/api/invitations/accept', {
        body: { token },
      }),
    setRole: (id: string, userId: string, role: GivenRole) =>
      http.json<WorkspaceMember>('PATCH', `/api/workspaces/${id}/members/${userId}`, { body: { role } }),
    removeMember: (id: string, userId: string) =>
      http.json<undefined>('DELETE', `/api/workspaces/${id}/members/${userId}`),
  }
}
