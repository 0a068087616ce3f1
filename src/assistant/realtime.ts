import { CLIENT_FRAMES, type ClientFrame } from '../contracts/frames.ts'
import type { SocketRegistry } from '../contracts/sockets.ts'
import type { AssistantService } from './service.ts'

/** The frame `stop`: the same service as over REST. */
export function registerAssistantSockets(hub: SocketRegistry, assistant: Pick<AssistantService, 'stop'>): void {
  hub.command('stop', {
    schema: CLIENT_FRAMES.stop,
    handler: async (actor, { messageId }: ClientFrame<'stop'>) => ({ message: await assistant.stop(actor, messageId) }),
  })
}
