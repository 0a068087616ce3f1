/** Kinds of topics and what is written on them. A topic is `<kind>:<id>`. */
export const TOPIC_KINDS = ['conversation', 'workspace', 'user', 'source', 'job', 'changes'] as const
export type TopicKind = (typeof TOPIC_KINDS)[number]

/** Makes the name of a topic. */
export const topicOf = (kind: TopicKind, id: string): string => `${kind}:${id}`

/**
 * The one table of events: name -> the topics it is written on and the record it carries (a component of the OpenAPI document).
 * Events are facts in the past tense; whoever needs them listens, the writer does not know.
 */
export const EVENTS = {
  'user.registered': { topics: ['user'], data: 'User', summary: 'An account was made' },
  'session.revoked': { topics: ['user'], data: 'SessionRevoked', summary: 'A session ended before its time' },
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
  'message.read': { topics: ['conversation'], data: 'ReadMarker', summary: 'A member has read up to a message' },
  'reply.started': { topics: ['conversation'], data: 'Message', summary: 'The assistant begins a reply' },
  'reply.completed': { topics: ['conversation'], data: 'Message', summary: 'The reply is whole' },
  'reply.stopped': { topics: ['conversation'], data: 'Message', summary: 'The reply was stopped by a member' },
  'reply.failed': { topics: ['conversation'], data: 'Message', summary: 'The reply could not be made' },
  'upload.created': { topics: ['workspace'], data: 'Upload', summary: 'A file was uploaded' },
  'upload.deleted': { topics: ['workspace'], data: 'Upload', summary: 'A file was deleted' },
  'job.updated': { topics: ['job', 'user'], data: 'Job', summary: 'The state of a job changed' },
  'graph.updated': { topics: ['source'], data: 'GraphUpdate', summary: 'A revision of a source was analysed' },
} as const satisfies Record<string, { topics: readonly TopicKind[]; data: string; summary: string }>

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
