import fp from 'fastify-plugin'
import { type Chat, createChat } from '../src/assistant/chat.ts'
import { ChatAccepted, ChatAnswer } from '../src/assistant/model.ts'
import { CLOSE_CODES } from '../src/contracts/frames.ts'
import { keyedRequest } from '../src/idempotency/store.ts'

declare module 'fastify' {
  interface FastifyInstance {
    chat: Chat
  }
}

/** Questions in one call as `app.chat`. */
export default fp(
  async (app) => {
    for (const schema of [ChatAnswer, ChatAccepted]) app.addSchema(schema)
    const chat = createChat({
      assistant: app.assistant,
      // Steps on the way to an answer: none of them is what an Idempotency-Key stands for.
      createConversation: (actor, input) => keyedRequest.exit(() => app.conversations.create(actor, input)),
      sendMessage: (actor, id, input, replyId) => keyedRequest.exit(() => app.messages.send(actor, id, input, replyId)),
      workspaceOf: async (actor, id) => (await app.uploads.get(actor, id)).workspaceId,
      findJob: app.jobs.service.find,
      watch: (actor, id, end) =>
        app.hub.watchAnswer({
          actor,
          stillMay: (now) => app.conversations.access(now, id, 'conversations:read'),
          end: (reason) => end({ code: CLOSE_CODES[reason].code, reason }),
        }),
    })
    app.decorate('chat', chat)
    app.events.on('conversation.member_removed', ({ data }) =>
      app.hub.control({ kind: 'recheck', userId: (data as { userId: string }).userId, answersOnly: true }),
    )
    for (const name of ['reply.completed', 'reply.stopped', 'reply.failed'] as const) {
      app.events.on(name, ({ topic }) => app.assistant.changed([idOf(topic)]))
    }
    app.events.onPointers((pointers) => app.assistant.changed(pointers.map(([topic]) => idOf(topic))))
  },
  {
    name: 'chat',
    dependencies: ['websockets', 'assistant', 'conversations', 'messages', 'uploads', 'jobs', 'events', 'idempotency'],
  },
)

const idOf = (topic: string): string => topic.slice(topic.indexOf(':') + 1)
