import { type ExecutionArgs, GraphQLError, type GraphQLFormattedError } from 'graphql'
import { type Context, makeServer } from 'graphql-ws'
import type { WebSocket } from 'ws'
import { problem } from '../../contracts/errors.ts'
import type { Guest } from '../../contracts/guests.ts'
import { MOST_CHARACTERS } from '../model-graphql.ts'
import type { createReader, Presenter } from './document.ts'
import type { GraphqlDeps } from './root.ts'
import { schema } from './schema.ts'
import { createSubscriptionRoot, type Subscriber } from './subscriptions.ts'

/** Subscriptions of one socket at a time. */
const MOST_SUBSCRIPTIONS = 100

/** What the transport needs. */
export interface TransportOptions extends GraphqlDeps, Pick<Subscriber, 'job'> {
  read: ReturnType<typeof createReader>
  present: Presenter
  /** Whether a fault is the client's: all others are told of and end the connection. */
  isExpected: (error: unknown) => boolean
}

interface Extra {
  guest: Guest
  /** What the request that opened the socket brought. */
  token: string | undefined
}
type Peer = Context<Record<string, unknown> | undefined, Extra>

/** The token of a payload: `{ authorization: "Bearer …" }`, in whichever case, or `{ token }`. */
function tokenOf(payload: Readonly<Record<string, unknown>> | undefined): string | undefined {
  for (const [name, value] of Object.entries(payload ?? {})) {
    if (typeof value !== 'string' || value.length > 8192) continue
    if (name.toLowerCase() === 'authorization') return value.replace(/^Bearer /i, '')
    if (name === 'token') return value
  }
  return undefined
}

const refusal = (error: Error) => [new GraphQLError(error.message, { originalError: error })]

/**
 * GraphQL over WebSocket (graphql-transport-ws) for subscriptions, on sockets that are guests of the hub: it decides who is connected, how many, how
 * fast, and until when. `connection_init` carries the token; a `ping` with a fresh one renews the connection.
 */
export function createTransport({ read, present, job, isExpected, ...deps }: TransportOptions) {
  function prepare({ extra, subscriptions }: Peer, payload: { query: unknown } & Record<string, unknown>) {
    const { query, variables, operationName } = payload
    if (Object.keys(subscriptions).length > MOST_SUBSCRIPTIONS)
      return refusal(problem('RATE_LIMITED', { detail: `At most ${MOST_SUBSCRIPTIONS} subscriptions a connection` }))
    if (typeof query !== 'string' || query.length > MOST_CHARACTERS)
      return [new GraphQLError(`query must be text of at most ${MOST_CHARACTERS} characters`)]
    const prepared = read({ query, variables: variables as never, operationName: operationName as never })
    if (!('document' in prepared)) return prepared
    if (prepared.operation.operation !== 'subscription')
      return [new GraphQLError('Queries and mutations are sent over HTTP, to the same path')]
    const rootValue = createSubscriptionRoot(deps, { guest: extra.guest, job })
    const { document, variables: variableValues } = prepared
    return { schema, document, rootValue, variableValues, operationName: operationName ?? null } as ExecutionArgs
  }

  const server = makeServer<Record<string, unknown> | undefined, Extra>({
    // The hub waits for a login, with a limit of its own.
    connectionInitWaitTimeout: 0,
    async onConnect({ extra, connectionParams }) {
      const token = tokenOf(connectionParams) ?? extra.token
      // An empty token is refused, and the connection closed, like any other that is not good.
      await extra.guest.login(token ?? '')
    },
    async onPing({ extra }, payload) {
      const token = tokenOf(payload)
      if (token !== undefined)
        await extra.guest.login(token).catch((error) => {
          if (!isExpected(error)) throw error
        })
    },
    onSubscribe: (peer, _id, payload) => prepare(peer, payload as never),
    onNext: (_peer, _id, _payload, _args, { errors, ...result }) => ({
      ...result,
      ...(errors && { errors: errors.map(present) as GraphQLFormattedError[] }),
    }),
    onError: (_peer, _id, _payload, errors) => errors.map(present) as GraphQLFormattedError[],
  })

  /** Speaks the protocol on a socket until it is closed. */
  return (socket: WebSocket, extra: Extra): void => {
    const { guest } = extra
    const close = server.opened(
      {
        protocol: socket.protocol,
        send: (text) =>
          new Promise((resolve, reject) => {
            if (socket.readyState !== socket.OPEN) resolve()
            else socket.send(text, (error) => (error && socket.readyState === socket.OPEN ? reject(error) : resolve()))
          }),
        close: (code, reason) => socket.close(code, reason),
        onMessage(handle) {
          socket.on('message', (data, binary) => {
            if (!guest.heard()) return
            handle(binary ? '' : String(data)).catch((error: unknown) => {
              // What refuses a login closes the connection itself.
              if (!isExpected(error)) guest.overloaded()
            })
          })
        },
      },
      extra,
    )
    socket.once('close', (code, reason) => void close(code, String(reason)))
  }
}
