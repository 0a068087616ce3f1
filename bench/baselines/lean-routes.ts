import jwt from '@fastify/jwt'
import { and, desc, eq, getTableColumns, sql as raw } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/postgres-js'
import type { FastifyInstance } from 'fastify'
import postgres from 'postgres'
import Type, { type Static } from 'typebox'
import { v7 } from 'uuid'
import { ById, Conversation, MessagePage, NewConversation, Paging } from './schemas.ts'
import { conversations, messages } from './tables.ts'

/** What the token of a baseline carries. Not a module augmentation: that would type Parley's own tokens too. */
interface Claims {
  sub: string
  wid: string
}

function prepare(url: string) {
  const db = drizzle(postgres(url, { max: 10 }))
  return {
    read: db
      .select()
      .from(conversations)
      .where(and(eq(conversations.id, raw.placeholder('id')), eq(conversations.createdBy, raw.placeholder('user'))))
      .prepare('conversation_read'),
    list: db
      .select(getTableColumns(messages))
      .from(messages)
      .innerJoin(conversations, eq(conversations.id, messages.conversationId))
      .where(
        and(eq(messages.conversationId, raw.placeholder('id')), eq(conversations.createdBy, raw.placeholder('user'))),
      )
      .orderBy(desc(messages.seq))
      .limit(raw.placeholder('limit'))
      .prepare('message_list'),
    create: db
      .insert(conversations)
      .values({
        id: raw.placeholder('id'),
        workspaceId: raw.placeholder('workspace'),
        title: raw.placeholder('title'),
        assistant: 'auto',
        createdBy: raw.placeholder('user'),
        version: 1,
        createdAt: raw`now()`,
        updatedAt: raw`now()`,
      })
      .returning()
      .prepare('conversation_create'),
  }
}

/**
 * The four routes of the Fastify baselines: prepared drizzle, a HS256 token verified on every request, schemas, and
 * nothing else. Each checks in its one query that the conversation is the caller's, as any server must.
 */
export async function leanRoutes(app: FastifyInstance): Promise<void> {
  const queries = prepare(process.env.DATABASE_URL!)
  await app.register(jwt, { secret: process.env.JWT_SECRET! })

  app.get('/hello', { schema: { response: { 200: Type.Object({ status: Type.String() }) } } }, async () => ({
    status: 'ok',
  }))

  await app.register(async (secured) => {
    secured.addHook('onRequest', async (request) => {
      await request.jwtVerify()
    })
    secured.get<{ Params: Static<typeof ById> }>(
      '/conversations/:id',
      { schema: { params: ById, response: { 200: Conversation } } },
      async (request, reply) => {
        const [row] = await queries.read.execute({ id: request.params.id, user: (request.user as Claims).sub })
        return row ?? reply.code(404).send({ error: 'not found' })
      },
    )
    secured.get<{ Params: Static<typeof ById>; Querystring: Static<typeof Paging> }>(
      '/conversations/:id/messages',
      { schema: { params: ById, querystring: Paging, response: { 200: MessagePage } } },
      async (request) => {
        const { limit } = request.query
        const items = await queries.list.execute({ id: request.params.id, user: (request.user as Claims).sub, limit })
        return { items, nextCursor: items.length < limit ? null : String(items.at(-1)?.seq) }
      },
    )
    secured.post<{ Body: Static<typeof NewConversation> }>(
      '/conversations',
      { schema: { body: NewConversation, response: { 201: Conversation } } },
      async (request, reply) => {
        const { sub, wid } = request.user as Claims
        const [row] = await queries.create.execute({ id: v7(), workspace: wid, title: request.body.title, user: sub })
        return reply.code(201).send(row)
      },
    )
  })
}
