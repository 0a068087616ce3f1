import type { FastifyInstance, LightMyRequestResponse } from 'fastify'
import type { Test } from 'tap'
import { CHANGES, type ChangedTableName } from '../../src/contracts/changes.ts'
import { type Person, person } from '../helpers/app.ts'
import type { Frame, SocketClient } from '../helpers/socket-client.ts'
import { listening } from '../sockets/listening.ts'

/** A frame `database_change`. */
export type Change = {
  topic: string
  seq: number
  table: ChangedTableName
  operation: 'insert' | 'update' | 'delete'
  id: string
  record: Record<string, unknown>
}

/** The changes that a client was told of a workspace, in the order of their arrival. */
export const changesOf = (client: SocketClient, topic: string): Change[] =>
  client.frames.filter((frame) => frame.type === 'database_change' && frame.topic === topic) as unknown as Change[]

/** Waits for a change that fits. */
export const change = (client: SocketClient, table: ChangedTableName, operation: string, id?: string) =>
  client.find(
    (frame: Frame) =>
      frame.table === table &&
      frame.operation === operation &&
      (id === undefined || Object.values(frame.record as object).includes(id)),
  ) as Promise<Frame & Change>

/** Whether numbers follow each other without a gap. */
export const gapless = (seqs: readonly number[]) =>
  seqs.every((seq, index) => index === 0 || seq === (seqs[index - 1] as number) + 1)

/** What a change may hold, by its table. */
export const columnsOf = (table: ChangedTableName): string[] => Object.keys(CHANGES[table].columns).sort()

/** Makes a workspace of its owner. */
export async function workspaceOf(owner: Person, name = 'Followed'): Promise<{ id: string; topic: string }> {
  const { id } = (await owner.post('/api/workspaces', { name })).json<{ id: string }>()
  return { id, topic: `changes:${id}` }
}

/** A conversation of a workspace; its id. */
export async function conversationIn(as: Person, workspaceId: string, assistant = 'off'): Promise<string> {
  const made = await as.post('/api/conversations', { workspaceId, assistant })
  if (made.statusCode !== 201) throw new Error(made.body)
  return made.json<{ id: string }>().id
}

/** A server, somebody with a workspace, and a socket that follows its changes. */
export async function followed(t: Test, options: Parameters<typeof listening>[1] = {}) {
  const { app, url, open } = await listening(t, options)
  const owner = await person(app, 'owner')
  const workspace = await workspaceOf(owner)
  const client = await open(owner)
  const head = await client.ask({ type: 'subscribe', topic: workspace.topic })
  if (head.type !== 'ack') throw new Error(JSON.stringify(head))
  return { app, url, open, owner, workspace, topic: workspace.topic, client, head }
}

/** Current version of a record, as If-Match wants it. */
export async function versionOf(as: Person, url: string): Promise<{ 'if-match': string }> {
  return { 'if-match': (await as.get(url)).headers.etag as string }
}

/** The rows that clients may see of a table, by id, with the columns that are told: straight from the database. */
export async function rowsOf(app: FastifyInstance, table: ChangedTableName, workspaceId: string) {
  const { sql } = app.db
  const within = {
    workspaces: sql`t.id = ${workspaceId}`,
    conversation_members: sql`t.conversation_id in (select id from conversations where workspace_id = ${workspaceId} and deleted_at is null)`,
    messages: sql`t.deleted_at is null and t.conversation_id in (select id from conversations where workspace_id = ${workspaceId} and deleted_at is null)`,
    conversations: sql`t.workspace_id = ${workspaceId} and t.deleted_at is null`,
    sources: sql`t.workspace_id = ${workspaceId} and t.deleted_at is null`,
    uploads: sql`t.workspace_id = ${workspaceId} and t.deleted_at is null and t.state = 'ready'`,
    jobs: sql`t.workspace_id = ${workspaceId}`,
    workspace_members: sql`t.workspace_id = ${workspaceId}`,
  }[table]
  const rows = await sql<Record<string, unknown>[]>`select t.* from ${sql(table)} t where ${within}`
  const snake = (name: string) => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
  return rows.map((row) => Object.fromEntries(columnsOf(table).map((name) => [name, row[snake(name)]])))
}

/** The answer of a request that has to succeed. */
export async function done<T>(asked: Promise<LightMyRequestResponse>): Promise<T> {
  const answer = await asked
  if (answer.statusCode >= 300) throw new Error(`${answer.statusCode} ${answer.body}`)
  return (answer.body === '' ? undefined : answer.json()) as T
}
