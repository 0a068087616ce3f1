import { CLIENT_FRAMES, type ClientFrame, MAX_FRAME_BYTES } from '../contracts/frames.ts'
import type { createSocketAuth } from './auth.ts'
import type { Commands } from './commands.ts'
import type { Connection } from './connection.ts'
import type { Subscriptions } from './subscriptions.ts'
import type { Allowance, HubLimits } from './types.ts'

/** The parts that the hub's own frames act on. */
interface Parts {
  commands: Commands
  auth: ReturnType<typeof createSocketAuth>
  subscriptions: Subscriptions
  send: (connection: Connection, frame: object) => void
}

/** Registers the frames that belong to the connection itself: auth, ping, echo, subscribe, unsubscribe. */
export function registerBuiltIns({ commands, auth, subscriptions, send }: Parts): void {
  const login = (_actor: unknown, frame: ClientFrame<'auth'>, connection: Connection) =>
    auth.login(connection, frame.token)
  const ping = (_actor: unknown, _frame: unknown, connection: Connection) => {
    send(connection, { type: 'pong' })
    return undefined
  }
  const echo = (_actor: unknown, { data }: ClientFrame<'echo'>, connection: Connection) => {
    send(connection, { type: 'echo', data })
    return { data }
  }
  // One after the other on the topic, so that subscribe, unsubscribe, subscribe ends as it was meant.
  const lane = ({ topic }: { topic: string }) => topic
  commands.register('auth', { schema: CLIENT_FRAMES.auth, handler: login, lane: () => 'auth' }, true)
  commands.register('ping', { schema: CLIENT_FRAMES.ping, handler: ping }, true)
  commands.register('echo', { schema: CLIENT_FRAMES.echo, handler: echo })
  commands.register('subscribe', { schema: CLIENT_FRAMES.subscribe, handler: subscriptions.subscribe, lane })
  commands.register('unsubscribe', { schema: CLIENT_FRAMES.unsubscribe, handler: subscriptions.unsubscribe, lane })
}

/** Where the id of a connection goes in the text of its first frame. */
const PLACE = '{connectionId}'

/**
 * Makes the first frames of connections, as text: who it is, how often to show a sign of life, and the bounds. All but the id is the same for
 * all, so it is written once.
 */
export function createHello(limits: HubLimits, { burst, perSecond }: Allowance): (connection: Connection) => string {
  const frame = {
    type: 'system',
    event: 'hello',
    connectionId: PLACE,
    authenticated: false,
    heartbeatSeconds: limits.heartbeatMs / 1000,
    limits: {
      maxFrameBytes: MAX_FRAME_BYTES,
      framesPerSecond: perSecond,
      burst,
      subscriptions: limits.subscriptionsPerConnection,
      authSeconds: limits.authMs / 1000,
    },
  }
  const [before, after] = JSON.stringify(frame).split(PLACE)
  return ({ id }) => `${before}${id}${after}`
}
