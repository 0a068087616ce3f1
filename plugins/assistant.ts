import fp from 'fastify-plugin'
import { createBuiltInModel } from '../src/adapters/model/built-in.ts'
import { type Assistant, createAssistant } from '../src/assistant/index.ts'
import { registerAssistantSockets } from '../src/assistant/realtime.ts'

declare module 'fastify' {
  interface FastifyInstance {
    assistant: Assistant
  }
}

/** The assistant as `app.assistant`: replies as jobs, with the built-in model. */
export default fp(
  async (app) => {
    const onError = (err: unknown) => app.log.error({ err }, 'assistant')
    const assistant = await createAssistant({
      db: app.db,
      model: createBuiltInModel(),
      pubsub: app.pubsub,
      frames: app.frames,
      roleOf: app.workspaces.roleOf,
      demandWrite: (actor, conversationId) => app.conversations.access(actor, conversationId, 'conversations:write'),
      withdrawJob: app.jobs.service.withdraw,
      onError,
    })
    app.decorate('assistant', assistant)
    app.jobs.handle('reply.generate', assistant.generate)
    app.events.on('job.updated', (event) => void assistant.jobEnded(event).catch(onError))
    registerAssistantSockets(app.hub, assistant)
    app.addHook('onClose', () => assistant.close())
  },
  { name: 'assistant', dependencies: ['db', 'pubsub', 'events', 'websockets', 'workspaces', 'conversations', 'jobs'] },
)
