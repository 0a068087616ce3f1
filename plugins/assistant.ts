import fp from 'fastify-plugin'
import { createBuiltInModel } from '../src/adapters/model/built-in.ts'
import { type Assistant, createAssistant } from '../src/assistant/index.ts'
import { registerAssistantSockets } from '../src/assistant/realtime.ts'

declare module 'fastify' {
  interface FastifyInstance {
    assistant: Assistant
  }
}

/** What ASSISTANT_MONTHLY_TOKENS is where it is not set, for models whose tokens cost something. */
const MONTHLY_TOKENS = 1_000_000

/** The assistant as `app.assistant`: replies as jobs, with the built-in model. */
export default fp(
  async (app) => {
    const onError = (err: unknown) => app.log.error({ err }, 'assistant')
    const model = createBuiltInModel()
    const assistant = await createAssistant({
      db: app.db,
      model,
      retrieval: app.retrieval,
      monthlyTokens: app.config.ASSISTANT_MONTHLY_TOKENS ?? (model.metered ? MONTHLY_TOKENS : undefined),
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
  {
    name: 'assistant',
    dependencies: ['db', 'retrieval', 'pubsub', 'events', 'websockets', 'workspaces', 'conversations', 'jobs'],
  },
)
