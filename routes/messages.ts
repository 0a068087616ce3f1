import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { IdParams, NoContent, problems, Ref } from '../src/contracts/http.ts'
import { Message } from '../src/contracts/messages.ts'
import { EditBody, MessagePage, MessageQuery, SendBody } from '../src/messages/model.ts'

const tags = ['conversations']
const read = { auth: 'user', limit: 'read', scope: 'conversations:read' } as const
const write = { auth: 'user', limit: 'write', scope: 'conversations:write' } as const

/** Messages of conversations. */
const messageRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    '/api/conversations/:id/messages',
    {
      config: { ...read, needs: 'conversations:read' },
      schema: {
        tags,
        operationId: 'listMessages',
        summary: 'Messages of a conversation, newest first',
        params: IdParams,
        querystring: MessageQuery,
        response: { 200: MessagePage, ...problems(401, 404) },
      },
    },
    (request) => app.messages.list(request.actor, request.params.id, request.query),
  )

  app.post(
    '/api/conversations/:id/messages',
    {
      config: { ...write, needs: 'conversations:write' },
      schema: {
        tags,
        operationId: 'sendMessage',
        summary: 'Write a message; the same clientId again answers the same message with 200',
        params: IdParams,
        body: SendBody,
        response: { 201: Ref(Message), 200: Ref(Message), ...problems(401, 403, 404, 409, 422) },
      },
    },
    async (request, reply) => {
      const { message, created } = await app.messages.send(request.actor, request.params.id, request.body)
      return reply
        .code(created ? 201 : 200)
        .header('location', `/api/messages/${message.id}`)
        .send(message)
    },
  )

  app.get(
    '/api/messages/:id',
    {
      config: { ...read, needs: 'conversations:read' },
      schema: {
        tags,
        operationId: 'getMessage',
        summary: 'One message; a deleted one without its content',
        params: IdParams,
        response: { 200: Ref(Message), ...problems(401, 404) },
      },
    },
    (request) => app.messages.get(request.actor, request.params.id),
  )

  app.patch(
    '/api/messages/:id',
    {
      config: { ...write, needs: 'conversations:moderate' },
      schema: {
        tags,
        operationId: 'editMessage',
        summary: 'Change the text of a message, as its author or a moderator',
        params: IdParams,
        body: EditBody,
        response: { 200: Ref(Message), ...problems(401, 403, 404, 409, 412) },
      },
    },
    (request) =>
      app.messages.edit(request.actor, request.params.id, request.body, {
        ifMatch: request.headers['if-match'],
      }),
  )

  app.delete(
    '/api/messages/:id',
    {
      config: { ...write, needs: 'conversations:moderate' },
      schema: {
        tags,
        operationId: 'deleteMessage',
        summary: 'Delete a message, leaving a tombstone',
        params: IdParams,
        response: { 204: NoContent, ...problems(401, 403, 404, 409, 412) },
      },
    },
    async (request, reply) => {
      await app.messages.remove(request.actor, request.params.id, { ifMatch: request.headers['if-match'] })
      return reply.code(204).send(null)
    },
  )
}

export default messageRoutes
