import type { FastifyInstance } from 'fastify'
import { newId } from '../../src/lib/ids.ts'
import { ended, upload } from '../graph/world.ts'
import { form } from '../uploads/form.ts'
import { type Person, person } from './app.ts'
import type { Request, Values } from './operations.ts'

/** Path of a collection -> id of a record of it. A new resource with an id in its path adds its record here. */
export type Records = Record<string, string>

/** One record of everything, within one workspace, by its owner. */
export interface Things {
  workspaceId: string
  records: Records
  values: Values
  /** Id of an answer of the assistant. */
  replyId: string
}

const idOf = (answer: { statusCode: number; body: string; json: () => unknown }): string => {
  if (answer.statusCode >= 300) throw new Error(`${answer.statusCode}: ${answer.body}`)
  return (answer.json() as { id: string }).id
}

/** Makes one record of everything in a new workspace of somebody. Needs the workers of the app. */
export async function makeThings(app: FastifyInstance, owner: Person): Promise<Things> {
  const workspaceId = idOf(await owner.post('/api/workspaces', { name: 'Things' }))
  const uploadId = await upload(owner, 'a.ts', 'import "./b"\nexport const a = 1\n', workspaceId)
  const analysis = (await owner.post('/api/analyze', { uploadIds: [uploadId] })).json<{
    job: { id: string }
    source: { id: string }
  }>()
  const job = await ended(app, owner, analysis.job.id)
  if (job.state !== 'completed') throw new Error(`the analysis has failed: ${JSON.stringify(job)}`)
  const sourceId = analysis.source.id
  const { nodes } = (await owner.get(`/api/graph?sourceId=${sourceId}`)).json<{ nodes: { id: string }[] }>()
  const nodeId = nodes[0]?.id as string
  const [revision] = await app.db.sql<{ id: string }[]>`select id from revisions where source_id = ${sourceId}`
  const conversationId = idOf(await owner.post('/api/conversations', { workspaceId, title: 'Room' }))
  const asked = await owner.post('/api/chat', { conversationId, message: 'What is exported?' })
  const replyId = asked.json<{ message: { id: string } }>().message.id
  await owner.patch(`/api/conversations/${conversationId}`, { assistant: 'off' }, { 'if-match': '*' })
  const content = { content: 'a word', clientId: newId() }
  const messageId = idOf(await owner.post(`/api/conversations/${conversationId}/messages`, content))
  const metadata = `filename ${btoa('t.txt')},workspaceId ${btoa(workspaceId)}`
  const tus = await owner.post('/api/uploads/tus', undefined, {
    'tus-resumable': '1.0.0',
    'upload-length': '4',
    'upload-metadata': metadata,
  })
  const sessions = (await owner.get('/api/auth/sessions')).json<{ items: { id: string }[] }>()
  const robots = `/api/workspaces/${workspaceId}/service-accounts`
  const accountId = idOf(await owner.post(robots, { name: 'robot', role: 'viewer' }))
  const robotKey = await owner.post(`${robots}/${accountId}/api-keys`, { name: 'r', scopes: ['account:read'] })
  const key = await owner.post('/api/auth/api-keys', { name: 'k', scopes: ['account:read'] })
  const annotationId = idOf(await owner.post(`/api/nodes/${nodeId}/annotations`, { text: 'a note' }))
  const identityId = newId()
  await app.db.sql`
    insert into identities (id, user_id, provider, issuer, subject) values (${identityId}, ${owner.id}, 'x', 'https://x.example', ${owner.id})`
  const passkeyId = newId()
  await app.db.sql`
    insert into passkeys (id, user_id, name, credential_id, public_key, counter, transports, backed_up)
    values (${passkeyId}, ${owner.id}, 'x', ${passkeyId}, 'x', 0, '{}', false)`
  return {
    workspaceId,
    replyId,
    records: {
      '/api/workspaces': workspaceId,
      '/api/conversations': conversationId,
      '/api/messages': messageId,
      '/api/uploads': uploadId,
      '/api/uploads/tus': (tus.headers.location as string).split('/').at(-1) as string,
      '/api/sources': sourceId,
      '/api/nodes': nodeId,
      '/api/annotations': annotationId,
      '/api/jobs': analysis.job.id,
      '/api/auth/sessions': sessions.items[0]?.id as string,
      '/api/auth/api-keys': idOf(key),
      '/api/auth/passkeys': passkeyId,
      '/api/auth/oauth/identities': identityId,
      '/api/users': owner.id,
      '/api/exports': idOf(await owner.post('/api/exports', {})),
    },
    values: {
      workspaceId,
      accountId,
      keyId: idOf(robotKey),
      conversationId,
      messageId,
      sourceId,
      revisionId: revision?.id as string,
      revision: 1,
      uploadIds: [uploadId],
      userId: owner.id,
      from: nodeId,
      to: nodeId,
      q: 'word',
    },
  }
}

/** A registered user without a password, quickly: somebody to be added or removed. */
export async function somebody(app: FastifyInstance): Promise<string> {
  const id = newId()
  await app.db.sql`insert into users (id, email, name) values (${id}, ${`${id}@example.org`}, 'somebody')`
  return id
}

async function memberOf(app: FastifyInstance, table: 'workspace' | 'conversation', id: string): Promise<string> {
  const userId = await somebody(app)
  const { sql } = app.db
  await sql`insert into ${sql(`${table}_members`)} ${sql({ [`${table}_id`]: id, user_id: userId, role: 'member' })}`
  return userId
}

/** A fresh service account with a key, as path. */
async function robot(app: FastifyInstance, workspaceId: string, withKey = false): Promise<string> {
  const [id, keyId] = [newId(), newId()]
  const { sql } = app.db
  await sql`insert into users (id, email, name, kind) values (${id}, ${`${id}@service.invalid`}, 'robot', 'service')`
  await sql`insert into service_accounts (user_id, workspace_id) values (${id}, ${workspaceId})`
  await sql`insert into workspace_members (workspace_id, user_id, role) values (${workspaceId}, ${id}, 'member')`
  await sql`insert into api_keys (id, user_id, name, hash, scopes) values (${keyId}, ${id}, 'k', ${keyId}, '{}')`
  return `/api/workspaces/${workspaceId}/service-accounts/${id}${withKey ? `/api-keys/${keyId}` : ''}`
}

async function invitationTo(app: FastifyInstance, place: object, { userId }: Values): Promise<string> {
  const { sql } = app.db
  const id = newId()
  const row = {
    id,
    ...place,
    email: `${id}@example.org`,
    token_hash: id,
    invited_by: userId as string,
    expires_at: '2100-01-01T00:00:00Z',
  }
  await sql`insert into invitations ${sql(row)}`
  return id
}

/** Another workspace with the same members, deleted or not. */
async function twin(app: FastifyInstance, workspaceId: string, deletedAt: string | null): Promise<string> {
  const { sql } = app.db
  const id = newId()
  await sql`insert into workspaces (id, name, deleted_at) values (${id}, 'twin', ${deletedAt})`
  await sql`
    insert into workspace_members (workspace_id, user_id, role)
    select ${id}, user_id, role from workspace_members where workspace_id = ${workspaceId}`
  return id
}

async function deletedRoom(app: FastifyInstance, workspaceId: string): Promise<string> {
  const id = newId()
  await app.db
    .sql`insert into conversations (id, workspace_id, title, deleted_at) values (${id}, ${workspaceId}, 'gone', now())`
  return id
}

const tus = { 'tus-resumable': '1.0.0' }

/** What a sample request cannot know: by operation, what is to be changed before it is sent. A function: it is made anew for each call. */
export const SPECIAL: Record<
  string,
  (app: FastifyInstance, things: Things, request: Request) => Partial<Request> | Promise<Partial<Request>>
> = {
  getGraphDiff: (_, { values }) => ({ url: `/api/graph/diff?sourceId=${values.sourceId}&from=1` }),
  deleteAnnotation: async (app, { records, values }) => {
    const id = newId()
    const row = { id, source_id: values.sourceId, node_id: records['/api/nodes'], author_id: values.userId, text: 'x' }
    await app.db.sql`insert into annotations ${app.db.sql(row as never)}`
    return { url: `/api/annotations/${id}` }
  },
  deleteServiceAccount: async (app, { workspaceId }) => ({ url: await robot(app, workspaceId) }),
  revokeServiceAccountKey: async (app, { workspaceId }) => ({ url: await robot(app, workspaceId, true) }),
  inviteToWorkspace: () => ({ payload: { email: `${newId()}@example.org`, role: 'viewer' } }),
  leaveWorkspace: async (app, { workspaceId }) => ({
    url: `/api/workspaces/${await twin(app, workspaceId, null)}/leave`,
  }),
  revokeWorkspaceInvitation: async (app, { workspaceId, values }) => ({
    url: `/api/workspaces/${workspaceId}/invitations/${await invitationTo(app, { workspace_id: workspaceId }, values)}`,
  }),
  revokeConversationInvitation: async (app, { records, values }) => {
    const id = records['/api/conversations'] as string
    return { url: `/api/conversations/${id}/invitations/${await invitationTo(app, { conversation_id: id }, values)}` }
  },
  transferWorkspace: (_, { values }) => ({ payload: { userId: values.userId } }),
  restoreWorkspace: async (app, { workspaceId }) => ({
    url: `/api/workspaces/${await twin(app, workspaceId, '2100-01-01T00:00:00Z')}/restore`,
  }),
  restoreConversation: async (app, { workspaceId }) => ({
    url: `/api/conversations/${await deletedRoom(app, workspaceId)}/restore`,
  }),
  addWorkspaceMember: async (app) => ({ payload: { userId: await somebody(app), role: 'member' } }),
  updateWorkspaceMember: async (app, { workspaceId }) => ({
    url: `/api/workspaces/${workspaceId}/members/${await memberOf(app, 'workspace', workspaceId)}`,
    payload: { role: 'viewer' },
  }),
  removeWorkspaceMember: async (app, { workspaceId }) => ({
    url: `/api/workspaces/${workspaceId}/members/${await memberOf(app, 'workspace', workspaceId)}`,
  }),
  addConversationMember: async (app) => ({ payload: { userId: await somebody(app) } }),
  removeConversationMember: async (app, { records }) => {
    const id = records['/api/conversations'] as string
    return { url: `/api/conversations/${id}/members/${await memberOf(app, 'conversation', id)}` }
  },
  sendMessage: () => ({ payload: { content: 'a word' } }),
  chat: (_, { records }) => ({
    headers: { prefer: 'respond-async' },
    payload: { message: 'What is here?', conversationId: records['/api/conversations'] },
  }),
  stopReply: (_, { replyId }) => ({ url: `/api/messages/${replyId}/stop` }),
  regenerateReply: (_, { replyId }) => ({
    url: `/api/messages/${replyId}/regenerate`,
    headers: { prefer: 'respond-async' },
  }),
  createUpload: (_, { workspaceId }) => ({
    url: `/api/uploads?workspaceId=${workspaceId}`,
    ...form({ filename: 'x.txt', content: 'x' }),
  }),
  createTusUpload: (_, { workspaceId }) => ({
    headers: {
      ...tus,
      'upload-length': '4',
      'upload-metadata': `filename ${btoa('x.txt')},workspaceId ${btoa(workspaceId)}`,
    },
  }),
  getTusUpload: () => ({ headers: tus }),
  // From behind the end: whoever may is told where to go on.
  appendTusUpload: () => ({
    headers: { ...tus, 'upload-offset': '3', 'content-type': 'application/offset+octet-stream' },
    payload: Buffer.from('x'),
  }),
  cancelTusUpload: () => ({ headers: tus }),
  eraseUser: async (app) => ({ url: `/api/users/${await somebody(app)}` }),
  getUser: async (app) => ({ url: `/api/users/${await somebody(app)}` }),
  updateUser: async (app) => ({ url: `/api/users/${await somebody(app)}`, payload: { tier: 'premium' } }),
}

/** People with each role in a workspace, and one with none. */
export async function peopleOf(app: FastifyInstance, owner: Person, workspaceId: string) {
  const [admin, member, viewer, outsider] = (await Promise.all(
    ['admin', 'member', 'viewer', 'outsider'].map((name) => person(app, name)),
  )) as [Person, Person, Person, Person]
  for (const [one, role] of [
    [admin, 'admin'],
    [member, 'member'],
    [viewer, 'viewer'],
  ] as const) {
    idOfMember(await owner.post(`/api/workspaces/${workspaceId}/members`, { userId: one.id, role }))
  }
  return { owner, admin, member, viewer, outsider }
}

function idOfMember({ statusCode, body }: { statusCode: number; body: string }): void {
  if (statusCode !== 201) throw new Error(body)
}
