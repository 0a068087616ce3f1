import { Readable } from 'node:stream'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import Type from 'typebox'
import { ChatAccepted, ChatAnswer, ChatBody } from '../src/assistant/model.ts'
import { IdParams, problems, Ref } from '../src/contracts/http.ts'
import { Message } from '../src/contracts/messages.ts'
import { acceptsEvents, prefersAsync, SSE_HEADERS, SSE_HEARTBEAT, sseEvent } from '../src/lib/sse.ts'

const tags = ['assistant']
const config = { auth: 'user', limit: 'chat', scope: 'conversations:write' } as const

const answers = {
  200: {
    description:
      'The whole answer, or with `Accept: text/event-stream` the events reply_started, reply_delta ... and message',
    content: {
      'application/json': { schema: Ref(ChatAnswer) },
      'text/event-stream': { schema: Type.String() },
    },
  },
  202: {
    description: 'With `Prefer: respond-async`, or when it takes longer than a minute: the reply is being written',
    content: { 'application/json': { schema: Ref(ChatAccepted) } },
  },
}

/** Questions to the assistant, and steering its replies. */
const chatRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const closing = new AbortController()
  app.addHook('preClose', async () => closing.abort())

  async function stream(request: FastifyRequest<{ Body: ChatBody }>, reply: FastifyReply) {
    const gone = new AbortController()
    const signal = AbortSignal.any([gone.signal, closing.signal])
    const events = await app.chat.stream(request.actor, request.body, signal)
    const text = async function* () {
      try {
        for await (const one of events) yield one.event === 'waiting' ? SSE_HEARTBEAT : sseEvent(one.event, one.data)
      } catch (err) {
        request.log.error({ err }, 'stream of a reply')
        yield sseEvent('error', {
          code: 'INTERNAL',
          detail: 'The stream broke off; read the message by its id',
          status: 500,
        })
      }
    }
    reply.raw.once('close', () => gone.abort())
    return reply.headers(SSE_HEADERS).send(Readable.from(text()))
  }

  app.post(
    '/api/chat',
    {
      config: { ...config, needs: 'conversations:write' },
      schema: {
        tags,
        operationId: 'chat',
        summary: 'Ask the assistant in one call',
        description: 'As JSON, as a stream of events, or in the background: see Accept and Prefer.',
        headers: Type.Object({
          prefer: Type.Optional(Type.String({ description: 'respond-async: answers with 202 at once' })),
        }),
        body: ChatBody,
        response: { ...answers, ...problems(401, 403, 404, 409, 422) },
      },
    },
    async (request, reply) => {
      const { actor, body, headers } = request
      if (prefersAsync(headers.prefer)) {
        reply.header('preference-applied', 'respond-async')
        return reply.code(202).send((await app.chat.accept(actor, body)) as never)
      }
      if (acceptsEvents(headers.accept)) return stream(request as FastifyRequest<{ Body: ChatBody }>, reply as never)
      const answer = await app.chat.answer(actor, body)
      return reply.code('job' in answer ? 202 : 200).send(answer as never)
    },
  )

  app.post(
    '/api/messages/:id/stop',
    {
      config: { ...config, needs: 'conversations:write' },
      schema: {
        tags,
        operationId: 'stopReply',
        summary: 'Stop a reply that is being written; what was written stays',
        params: IdParams,
        response: { 200: Ref(Message), ...problems(401, 403, 404) },
      },
    },
    (request) => app.assistant.stop(request.actor, request.params.id),
  )

  app.post(
    '/api/messages/:id/regenerate',
    {
      config: { ...config, needs: 'conversations:write' },
      schema: {
        tags,
        operationId: 'regenerateReply',
        summary: 'Have another reply written to the same message',
        params: IdParams,
        response: { 202: Ref(Message), ...problems(401, 403, 404, 409) },
      },
    },
    async (request, reply) => reply.code(202).send(await app.assistant.regenerate(request.actor, request.params.id)),
  )
}

export default chatRoutes
