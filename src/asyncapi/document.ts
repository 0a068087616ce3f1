import { ackSchema } from '../contracts/acks.ts'
import { EVENTS, type EventDefinition, TOPIC_KINDS, type TopicKind } from '../contracts/events.ts'
import {
  CLIENT_FRAMES,
  CLOSE_CODES,
  type ClientFrameType,
  SERVER_FRAMES,
  type ServerFrameType,
  SUBPROTOCOL,
} from '../contracts/frames.ts'
import { CLIENT_EXAMPLES, SERVER_EXAMPLES } from './examples.ts'
import { portable, type Records, referred, type Schema } from './schema.ts'

/** What the document is made for. */
export interface AsyncApiOptions {
  version: string
  /** Public records by `$id`, as the OpenAPI document has them. */
  records: Records
  /** Where this server is reached. */
  host: string
  secure: boolean
}

/** Frames whose `id` is that of a record. */
const OF_RECORDS = ['job', 'database_change']
const CLIENT_TYPES = Object.keys(CLIENT_FRAMES) as ClientFrameType[]
const SERVER_TYPES = Object.keys(SERVER_FRAMES) as ServerFrameType[]
const EVENT_LIST = Object.entries(EVENTS) as [string, EventDefinition][]
/** Names of operations: what is done, not by whom. */
const camel = (...words: string[]) =>
  words.join('_').replaceAll(/[._](\w)/g, (_match, letter: string) => letter.toUpperCase())
const messageRef = (channel: string, name: string) => ({ $ref: `#/channels/${channel}/messages/${name}` })
const component = (name: string) => ({ $ref: `#/components/messages/${name}` })
const among = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, component(name)]))

function message(name: string, schema: object, summary: string, example?: object) {
  const payload = portable(schema)
  const answered = payload.properties?.id !== undefined && !OF_RECORDS.includes(name)
  return {
    name,
    title: name,
    summary,
    contentType: 'application/json',
    ...(answered && { correlationId: { $ref: '#/components/correlationIds/frame' } }),
    payload,
    ...(example && { examples: [{ name: 'example', payload: example }] }),
  }
}

/** The frame of an event with its record: what an `event` frame holds under this name. */
export function eventSchema(name: string, { data }: Pick<EventDefinition, 'data'>): Schema {
  const frame = portable(SERVER_FRAMES.event)
  const properties = {
    ...frame.properties,
    name: { const: name },
    data: { $ref: `#/components/schemas/${data}` },
  }
  return { ...frame, title: name, properties }
}

/** The last event of a stream; a socket has its close frame for it. */
const STREAM_CLOSE = {
  type: 'object',
  description: 'The stream ends, with the code that a socket would be closed with',
  properties: { code: { type: 'integer' }, reason: { type: 'string' } },
  required: ['code', 'reason'],
}

function messages() {
  const { event, ack, ...others } = SERVER_FRAMES
  return {
    ...Object.fromEntries(
      CLIENT_TYPES.map((type) => {
        const frame = CLIENT_FRAMES[type] as { description?: string }
        return [`client.${type}`, message(type, frame, frame.description ?? type, CLIENT_EXAMPLES[type])]
      }),
    ),
    ...Object.fromEntries(
      Object.entries(others as Record<string, { description?: string }>).map(([type, frame]) => [
        `server.${type}`,
        message(type, frame, frame.description ?? type, SERVER_EXAMPLES[type as ServerFrameType]),
      ]),
    ),
    ...Object.fromEntries(
      CLIENT_TYPES.map((type) => [`ack.${type}`, message('ack', ackSchema(type), `Answer to ${type}`)]),
    ),
    ...Object.fromEntries(
      EVENT_LIST.filter(([, { frame }]) => !frame).map(([name, definition]) => [
        `event.${name}`,
        message(name, eventSchema(name, definition), definition.summary),
      ]),
    ),
    'stream.close': message('close', STREAM_CLOSE, STREAM_CLOSE.description, { code: 1012, reason: 'RESTART' }),
  }
}

/** Which messages come on a topic of a kind: its events, and what is not numbered. */
function onTopic(kind: TopicKind): string[] {
  const events = EVENT_LIST.filter(([, { topics }]) => topics.includes(kind)).map(([name, { frame }]) =>
    frame ? `server.${frame}` : `event.${name}`,
  )
  const ephemeral = kind === 'conversation' ? ['server.presence', 'server.typing', 'server.reply_delta'] : []
  if (kind === 'workspace') ephemeral.push('server.presence')
  return [...new Set([...events, ...ephemeral])]
}

function channels(names: readonly string[]) {
  const topics = TOPIC_KINDS.map((kind) => [
    `topic.${kind}`,
    {
      address: `${kind}:{id}`,
      title: `Topic ${kind}:<id>`,
      description: 'A topic within the socket: follow it with `subscribe`. Its events are numbered without a gap.',
      servers: [{ $ref: '#/servers/parley' }],
      parameters: { id: { description: `Id of the ${kind === 'changes' ? 'workspace' : kind}` } },
      messages: among(onTopic(kind)),
    },
  ])
  return {
    socket: {
      address: '/ws',
      title: 'The WebSocket',
      description: `Subprotocol \`${SUBPROTOCOL}\`, JSON text frames; several may travel as one JSON array, both ways.`,
      servers: [{ $ref: '#/servers/parley' }],
      messages: among(names.filter((name) => !name.startsWith('stream.'))),
      bindings: { ws: { method: 'GET', bindingVersion: '0.1.0' } },
    },
    events: {
      address: '/api/events',
      title: 'The stream of server-sent events',
      description:
        'The twin of the socket for those who only listen: `GET /api/events?topics=<topic>,<topic>` answers `text/event-stream`. Each event is a frame, named by its type; `id` holds the position in every topic and comes back as `Last-Event-ID`.',
      servers: [{ $ref: '#/servers/http' }],
      messages: among(streamed(names)),
    },
    ...Object.fromEntries(topics),
  }
}

/** Frames that answer a frame of the client: a stream has none. */
const ANSWERS = ['server.pong', 'server.echo', 'server.error']
/** What comes over a stream: everything that the server says by itself. */
const streamed = (names: readonly string[]) =>
  names.filter((name) => /^(server|event|stream)\./.test(name) && !ANSWERS.includes(name))

function operations() {
  const received = CLIENT_TYPES.map((type) => [
    camel('send', type),
    {
      action: 'receive',
      channel: { $ref: '#/channels/socket' },
      summary: (CLIENT_FRAMES[type] as { description?: string }).description,
      messages: [messageRef('socket', `client.${type}`)],
      reply: {
        channel: { $ref: '#/channels/socket' },
        messages: [messageRef('socket', `ack.${type}`), messageRef('socket', 'server.error')],
      },
    },
  ])
  const stream = {
    action: 'send',
    channel: { $ref: '#/channels/events' },
    summary: 'Follows topics as a stream of server-sent events',
    bindings: {
      http: {
        method: 'GET',
        query: {
          type: 'object',
          required: ['topics'],
          properties: { topics: { type: 'string', description: 'Topics, separated by commas' } },
        },
        bindingVersion: '0.3.0',
      },
    },
    messages: streamed(Object.keys(messages())).map((name) => messageRef('events', name)),
  }
  const told = TOPIC_KINDS.map((kind) => [
    camel('on', kind),
    {
      action: 'send',
      channel: { $ref: `#/channels/topic.${kind}` },
      summary: `What happens on a topic ${kind}:<id>`,
      messages: onTopic(kind).map((name) => messageRef(`topic.${kind}`, name)),
    },
  ])
  const control = SERVER_TYPES.filter((type) => ['system', 'subscribed', 'pong', 'echo'].includes(type)).map((type) => [
    camel('on', type),
    {
      action: 'send',
      channel: { $ref: '#/channels/socket' },
      summary: (SERVER_FRAMES[type] as { description?: string }).description,
      messages: [messageRef('socket', `server.${type}`)],
    },
  ])
  return Object.fromEntries([...received, ...control, ...told, ['onEventStream', stream]])
}

/** The AsyncAPI 3.0 document of the socket (https://www.asyncapi.com/docs/reference/specification/v3.0.0), from the tables that validate. */
export function asyncApiDocument({ version, records, host, secure }: AsyncApiOptions) {
  const all = messages()
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Parley real time',
      version,
      description:
        'Gapless, resumable events of conversations, workspaces, jobs and graphs, and commands with one answer each. The readable page is /docs/websocket.',
      license: { name: 'MIT' },
    },
    defaultContentType: 'application/json',
    servers: {
      parley: {
        host,
        protocol: secure ? 'wss' : 'ws',
        description: 'This server',
        security: [{ $ref: '#/components/securitySchemes/bearer' }],
      },
      http: {
        host,
        protocol: secure ? 'https' : 'http',
        description:
          'The same server, for streams of server-sent events; the token goes into the header `Authorization`',
        security: [{ $ref: '#/components/securitySchemes/bearer' }],
      },
    },
    channels: channels(Object.keys(all)),
    operations: operations(),
    components: {
      messages: all,
      schemas: referred(all, records),
      correlationIds: {
        frame: { description: 'Chosen by the client; the answer carries it', location: '$message.payload#/id' },
      },
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description: 'By the first frame `auth`, or as the second subprotocol `bearer.<token>`; never in the URL',
        },
      },
    },
    'x-close-codes': CLOSE_CODES,
  }
}
