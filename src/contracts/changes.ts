import type { TProperties } from 'typebox'
import Type from 'typebox'
import { Enum, Id, Nullable, Time } from './http.ts'

/** What is told of the rows of one table. */
export interface ChangedTable {
  summary: string
  /** The columns that are told, and nothing else: no text of messages, no secrets, no keys of the storage, no data of jobs. */
  columns: TProperties
}

const Version = Type.Integer()
const Text = Type.String()

/**
 * The one policy of `changes:<workspaceId>`: which tables are told of there, and which of their columns, to whoever may read the workspace.
 * Triggers of the database write these events (`follow_changes` in drizzle/), so no way to change a row passes by them; a test holds them against
 * this table. What is deleted so that it can be restored is told as deleted, and as inserted when it is there again.
 */
export const CHANGES = {
  workspaces: {
    summary: 'The workspace itself',
    columns: { id: Id, name: Text, personal: Type.Boolean(), version: Version, createdAt: Time, updatedAt: Time },
  },
  workspace_members: {
    summary: 'Who belongs to the workspace',
    columns: { workspaceId: Id, userId: Id, role: Text, createdAt: Time },
  },
  conversations: {
    summary: 'Conversations',
    columns: {
      id: Id,
      workspaceId: Id,
      title: Text,
      assistant: Text,
      createdBy: Nullable(Id),
      version: Version,
      createdAt: Time,
      updatedAt: Time,
    },
  },
  conversation_members: {
    summary: 'Who takes part in a conversation',
    columns: { conversationId: Id, userId: Id, role: Text, createdAt: Time },
  },
  messages: {
    summary: 'Messages, without what they say: that is on `conversation:<id>`, where a deletion takes it back',
    columns: {
      id: Id,
      conversationId: Id,
      seq: Type.Integer(),
      role: Text,
      authorId: Nullable(Id),
      replyTo: Nullable(Id),
      threadId: Nullable(Id),
      status: Text,
      version: Version,
      createdAt: Time,
      editedAt: Nullable(Time),
    },
  },
  uploads: {
    summary: 'Files, once they are whole',
    columns: {
      id: Id,
      workspaceId: Id,
      createdBy: Nullable(Id),
      name: Text,
      size: Type.Integer(),
      contentType: Text,
      kind: Text,
      scan: Text,
      version: Version,
      createdAt: Time,
    },
  },
  sources: {
    summary: 'Sources of the graph',
    columns: {
      id: Id,
      workspaceId: Id,
      name: Text,
      revision: Type.Integer(),
      nodes: Type.Integer(),
      edges: Type.Integer(),
      version: Version,
      createdAt: Time,
      updatedAt: Time,
      analyzedAt: Nullable(Time),
    },
  },
  jobs: {
    summary: 'Jobs of the workspace, without their data and results',
    columns: {
      id: Id,
      workspaceId: Id,
      userId: Nullable(Id),
      name: Text,
      state: Text,
      progress: Type.Number(),
      phase: Nullable(Text),
      attempt: Type.Integer(),
      version: Version,
      createdAt: Time,
      startedAt: Nullable(Time),
      finishedAt: Nullable(Time),
    },
  },
} as const satisfies Record<string, ChangedTable>

/** A table of {@link CHANGES}. */
export type ChangedTableName = keyof typeof CHANGES
/** The tables that are told of. */
export const CHANGED_TABLES = Object.keys(CHANGES) as ChangedTableName[]
/** What can happen to a row. */
export const CHANGE_OPERATIONS = ['insert', 'update', 'delete'] as const

/** The fields of a change: what an event `database.changed` carries. */
export const CHANGE_FIELDS = {
  table: Enum(CHANGED_TABLES),
  operation: Enum(CHANGE_OPERATIONS),
  id: Type.String({
    format: 'uuid',
    description: 'Unique in the table: the row’s own, or made of the two ids that are its key',
  }),
  record: Type.Union(
    Object.entries(CHANGES).map(([title, { columns }]) =>
      Type.Object(columns as TProperties, { title, additionalProperties: false }),
    ),
    { description: 'The row as it is now; as it was before where it is deleted' },
  ),
}

/** A change of a row, as the frame `database_change` tells it. */
export const DatabaseChange = Type.Object(CHANGE_FIELDS, {
  $id: 'DatabaseChange',
  description: 'A row that was inserted, updated or deleted',
})
