import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { IdParams, NoContent, problems, Ref } from '../src/contracts/http.ts'
import {
  Conversation,
  ConversationPage,
  ConversationQuery,
  CreateConversationBody,
  DeletedConversationPage,
  DeletedConversationQuery,
  ReadBody,
  ReadMarker,
  TypingBody,
  UpdateConversationBody,
} from '../src/conversations/model.ts'

const tags = ['conversations']
const read = { auth: 'user', limit: 'read', scope: 'conversations:read' } as const
const write = { auth: 'user', limit: 'write', scope: 'conversations:write' } as const

/** Conversations themselves, read markers and typing. Members and messages have files of their own. */
const conversationRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    '/api/conversations',
    {
      config: { ...read, needs: 'conversations:read' },
      schema: {
        tags,
        operationId: 'listConversations',
        summary: 'Conversations you may see, newest first',
        querystring: ConversationQuery,
        response: { 200: ConversationPage, ...problems(401, 404) },
      },
    },
    (request) => app.conversations.list(request.actor, request.query),
  )

  app.post(
    '/api/conversations',
    {
      config: { ...write, needs: 'conversations:write' },
      schema: {
        tags,
        operationId: 'createConversation',
        summary: 'Make a conversation',
        body: CreateConversationBody,
        response: { 201: Ref(Conversation), ...problems(401, 403, 404) },
      },
    },
    async (request, reply) => {
      const conversation = await app.conversations.create(request.actor, request.body)
      return reply.code(201).header('location', `/api/conversations/${conversation.id}`).send(conversation)
    },
  )

  app.get(
    '/api/conversations/:id',
    {
      config: { ...read, needs: 'conversations:read' },
      schema: {
        tags,
        operationId: 'getConversation',
        summary: 'One conversation, with what is unread',
        params: IdParams,
        response: { 200: Ref(Conversation), ...problems(401, 404) },
      },
    },
    (request) => app.conversations.get(request.actor, request.params.id),
  )

  app.patch(
    '/api/conversations/:id',
    {
      config: { ...write, ifMatch: 'required', needs: 'conversations:update' },
      schema: {
        tags,
        operationId: 'updateConversation',
        summary: 'Rename a conversation, or say when the assistant answers',
        params: IdParams,
        body: UpdateConversationBody,
        response: { 200: Ref(Conversation), ...problems(401, 403, 404, 412, 428) },
      },
    },
    (request) =>
      app.conversations.update(request.actor, request.params.id, request.headers['if-match'] ?? '', request.body),
  )

  app.delete(
    '/api/conversations/:id',
    {
      config: { ...write, ifMatch: 'required', needs: 'conversations:moderate' },
      schema: {
        tags,
        operationId: 'deleteConversation',
        summary: 'Delete a conversation for everybody',
        params: IdParams,
        response: { 204: NoContent, ...problems(401, 403, 404, 412, 428) },
      },
    },
    async (request, reply) => {
      const { actor, params, headers, origin } = request
      await app.conversations.remove(actor, params.id, headers['if-match'] ?? '', origin)
      return reply.code(204).send(null)
    },
  )

  app.get(
    '/api/conversations/deleted',
    {
      config: { ...read, needs: 'conversations:moderate' },
      schema: {
        tags,
        operationId: 'listDeletedConversations',
        summary: 'Deleted conversations of a workspace that can still be restored',
        querystring: DeletedConversationQuery,
        response: { 200: DeletedConversationPage, ...problems(401, 403, 404) },
      },
    },
    (request) => app.conversations.listDeleted(request.actor, request.query),
  )

  app.post(
    '/api/conversations/:id/restore',
    {
      config: { ...write, needs: 'conversations:moderate' },
      schema: {
        tags,
        operationId: 'restoreConversation',
        summary: 'Restore a deleted conversation, with all its messages',
        params: IdParams,
        response: { 200: Ref(Conversation), ...problems(401, 403, 404) },
      },
    },
    (request) => app.conversations.restore(request.actor, request.params.id, request.origin),
  )

  app.post(
    '/api/conversations/:id/read',
    {
      config: { ...write, needs: 'conversations:read' },
      schema: {
        tags,
        operationId: 'markRead',
        summary: 'Say up to which number you have read; it never goes back',
        params: IdParams,
        body: ReadBody,
        response: { 200: Ref(ReadMarker), ...problems(401, 404) },
      },
    },
    (request) => app.conversations.read(request.actor, request.params.id, request.body.seq),
  )

  app.post(
    '/api/conversations/:id/typing',
    {
      config: { ...write, needs: 'conversations:write' },
      schema: {
        tags,
        operationId: 'setTyping',
        summary: 'Say that you are typing, or have stopped',
        params: IdParams,
        body: TypingBody,
        response: { 204: NoContent, ...problems(401, 403, 404) },
      },
    },
    async (request, reply) => {
      await app.typing(request.actor, request.params.id, request.body.active)
      return reply.code(204).send(null)
    },
  )
}

export default conversationRoutes
