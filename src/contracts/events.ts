/** Kinds of topics and what is written on them. A topic is `<kind>:<id>`. */
export const TOPIC_KINDS = ['conversation', 'workspace', 'user', 'source', 'job', 'changes'] as const
export type TopicKind = (typeof TOPIC_KINDS)[number]

/** Makes the name of a topic. */
export const topicOf = (kind: TopicKind, id: string): string => `${kind}:${id}`

/** What is known of an event. `frame`: the frame type of its own that it travels in; without one it is an `event` frame. */
export interface EventDefinition {
  topics: readonly TopicKind[]
  data: string
  summary: string
  frame?: 'job' | 'graph_update' | 'database_change'
}

/**
 * The one table of events: name -> the topics it is written on and the record it carries (a component of the OpenAPI document).
 * Events are facts in the past tense; whoever needs them listens, the writer does not know.
 */
export const EVENTS = {
  'user.registered': { topics: ['user'], data: 'User', summary: 'An account was made' },
  'user.updated': {
    topics: ['user'],
    data: 'User',
    summary: 'The role, the tier or the state of an account was changed',
  },
  'session.revoked': { topics: ['user'], data: 'SessionRevoked', summary: 'A session ended before its time' },
  'api_key.revoked': { topics: ['user'], data: 'ApiKeyRevoked', summary: 'An API key was taken back' },
  'workspace.created': { topics: ['user'], data: 'Workspace', summary: 'A workspace was made' },
  'workspace.updated': { topics: ['workspace'], data: 'Workspace', summary: 'A workspace was changed' },
  'workspace.member_added': {
    topics: ['workspace', 'user'],
    data: 'WorkspaceMember',
    summary: 'Somebody joined a workspace',
  },
  'workspace.member_updated': {
    topics: ['workspace', 'user'],
    data: 'WorkspaceMember',
    summary: 'The role of a member was changed',
  },
  'workspace.member_removed': {
    topics: ['workspace', 'user'],
    data: 'WorkspaceMember',
    summary: 'Somebody left a workspace',
  },
  'workspace.deleted': {
    topics: ['workspace', 'user'],
    data: 'Workspace',
    summary: 'A workspace was deleted; its owner can restore it for some time',
  },
  'workspace.restored': {
    topics: ['workspace', 'user'],
    data: 'Workspace',
    summary: 'A deleted workspace is there again',
  },
  'conversation.created': { topics: ['workspace'], data: 'Conversation', summary: 'A conversation was made' },
  'conversation.updated': {
    topics: ['conversation', 'workspace'],
    data: 'Conversation',
    summary: 'A conversation was changed',
  },
  'conversation.deleted': {
    topics: ['conversation', 'workspace'],
    data: 'Conversation',
    summary: 'A conversation was deleted',
  },
  'conversation.restored': {
    topics: ['conversation', 'workspace'],
    data: 'Conversation',
    summary: 'A deleted conversation is there again',
  },
  'conversation.member_added': {
    topics: ['conversation', 'user'],
    data: 'ConversationMember',
    summary: 'Somebody was added to a conversation',
  },
  'conversation.member_removed': {
    topics: ['conversation', 'user'],
    data: 'ConversationMember',
    summary: 'Somebody left a conversation',
  },
  'message.created': { topics: ['conversation'], data: 'Message', summary: 'A person wrote a message' },
  'message.updated': { topics: ['conversation'], data: 'Message', summary: 'A message was edited' },
  'message.deleted': {
    topics: ['conversation'],
    data: 'Message',
    summary: 'A message was deleted; its content is gone',
  },
  'message.mentioned': {
    topics: ['user'],
    data: 'Mention',
    summary: 'A message calls this user; who writes to oneself is not told',
  },
  'reaction.added': { topics: ['conversation'], data: 'ReactionChange', summary: 'Somebody has reacted to a message' },
  'reaction.removed': { topics: ['conversation'], data: 'ReactionChange', summary: 'A reaction was taken away' },
  'message.read': { topics: ['conversation'], data: 'ReadMarker', summary: 'A member has read up to a message' },
  'reply.started': { topics: ['conversation'], data: 'Message', summary: 'The assistant begins a reply' },
  'reply.completed': { topics: ['conversation'], data: 'Message', summary: 'The reply is whole' },
  'reply.stopped': { topics: ['conversation'], data: 'Message', summary: 'The reply was stopped by a member' },
  'reply.failed': { topics: ['conversation'], data: 'Message', summary: 'The reply could not be made' },
  'upload.created': { topics: ['workspace'], data: 'Upload', summary: 'A file was uploaded' },
  'upload.deleted': { topics: ['workspace'], data: 'Upload', summary: 'A file was deleted' },
  'job.updated': { topics: ['job', 'user'], data: 'Job', frame: 'job', summary: 'The state of a job changed' },
  'graph.updated': {
    topics: ['source'],
    data: 'GraphUpdate',
    frame: 'graph_update',
    summary: 'A revision of a source was analysed',
  },
  'database.changed': {
    topics: ['changes'],
    data: 'DatabaseChange',
    frame: 'database_change',
    summary: 'A row of a table was inserted, updated or deleted',
  },
} as const satisfies Record<string, EventDefinition>

/** The name of an event of {@link EVENTS}. */
export type EventName = keyof typeof EVENTS

/** An event to write. `data` is the public record; a `seq: null` in it is filled in with the event's own number. */
export interface NewEvent {
  topic: string
  name: EventName
  data: object
}

/** Where an event stands in its topic. */
export interface Position {
  epoch: string
  seq: number
}

/** An event as it was written: unique by (topic, seq). */
export interface StoredEvent extends NewEvent, Position {}
