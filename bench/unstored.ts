import { subscribe } from 'node:diagnostics_channel'

/** What of the server is used here. */
interface Served {
  addHook(name: 'onReady', hook: () => Promise<void>): void
  /** Not there on instances that the server makes for purposes of its own. */
  hub?: {
    command(type: string, command: { schema: object; handler: (actor: unknown, frame: Said) => undefined }): void
  }
  frames: { broadcast(topic: string, frame: object): void }
}

interface Said {
  topic: string
  messageId: string
  text: string
}

/**
 * Loaded into Parley before its own code (`--import`): adds a frame `say`, whose text goes to all who follow a topic as a piece of an answer
 * does (`reply_delta`), the one kind of text that Parley hands on without storing it. So that its fan-out can be compared with servers that store nothing.
 */
subscribe('fastify.initialization', (message) => {
  const { fastify: app } = message as { fastify: Served }
  app.addHook('onReady', async () => {
    app.hub?.command('say', {
      schema: { type: 'object', required: ['topic', 'messageId', 'text'] },
      handler(_actor, { topic, messageId, text }) {
        app.frames.broadcast(topic, { type: 'reply_delta', messageId, index: 0, text })
        return undefined
      },
    })
  })
})
