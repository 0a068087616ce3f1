import { CLIENT_FRAMES, type ClientFrame } from '../contracts/frames.ts'
import type { SocketRegistry } from '../contracts/sockets.ts'
import type { Presence } from './service.ts'
import type { Typing } from './typing.ts'

/** Topics that people meet on. */
const isRoom = (topic: string) => topic.startsWith('conversation:') || topic.startsWith('workspace:')

/** The frames `typing` and `presence`, and who is there on topics that people meet on. */
export function registerPresenceSockets(hub: SocketRegistry, presence: Presence, typing: Typing): void {
  hub.command<ClientFrame<'typing'>>('typing', {
    schema: CLIENT_FRAMES.typing,
    lane: ({ conversationId }) => `typing ${conversationId}`,
    async handler(actor, { conversationId, active }) {
      await typing(actor, conversationId, active)
      return undefined
    },
  })
  hub.command<ClientFrame<'presence'>>('presence', {
    schema: CLIENT_FRAMES.presence,
    handler(actor, { status }) {
      presence.choose(actor.userId, status)
      return undefined
    },
  })
  hub.onSubscribed((connection, topic) => {
    const userId = connection.identity?.actor.userId
    if (userId === undefined || !isRoom(topic)) return
    for (const { userId: other, status } of presence.present(topic)) {
      hub.send(connection, { type: 'presence', topic, userId: other, status })
    }
    presence.join(topic, userId, connection.id)
  })
  hub.onUnsubscribed((connection, topic) => {
    const userId = connection.identity?.actor.userId
    if (userId !== undefined && isRoom(topic)) presence.leave(topic, userId, connection.id)
  })
}
