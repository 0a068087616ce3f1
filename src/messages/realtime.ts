import { CLIENT_FRAMES, type ClientFrame } from '../contracts/frames.ts'
import type { SocketRegistry } from '../contracts/sockets.ts'
import type { Messages } from './service.ts'

/** The frames that write messages: `chat`, `edit`, `delete` and `react`. The same service as over REST, so the same answers and errors. */
export function registerMessageSockets(hub: SocketRegistry, messages: Messages): void {
  hub.command<ClientFrame<'chat'>>('chat', {
    schema: CLIENT_FRAMES.chat,
    // Without a lane: the delivery keeps the order, and takes many frames at once.
    async handler(actor, { conversationId, type: _type, id: _id, ...input }) {
      const { message, reply } = await messages.send(actor, conversationId, input)
      return { message, ...(reply && { reply }) }
    },
  })
  hub.command<ClientFrame<'edit'>>('edit', {
    schema: CLIENT_FRAMES.edit,
    lane: ({ messageId }) => messageId,
    handler: async (actor, { messageId, content, mentions, version }) => ({
      message: await messages.edit(actor, messageId, { content, ...(mentions && { mentions }) }, { version }),
    }),
  })
  hub.command<ClientFrame<'delete'>>('delete', {
    schema: CLIENT_FRAMES.delete,
    lane: ({ messageId }) => messageId,
    handler: async (actor, { messageId, version }) => ({
      message: await messages.remove(actor, messageId, { version }),
    }),
  })
  hub.command<ClientFrame<'react'>>('react', {
    schema: CLIENT_FRAMES.react,
    lane: ({ messageId }) => messageId,
    async handler(actor, { messageId, emoji, active = true }) {
      const { reactions } = await messages.react(actor, messageId, emoji, active)
      return { messageId, reactions }
    },
  })
}
