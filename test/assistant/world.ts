import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { createBuiltInModel } from '../../src/adapters/model/built-in.ts'
import { createPostgresQueue } from '../../src/adapters/queue/bullmq-postgres.ts'
import { type AssistantOptions, createAssistant } from '../../src/assistant/index.ts'
import type { AssistantMode } from '../../src/contracts/assistant.ts'
import { problem } from '../../src/contracts/errors.ts'
import { topicOf } from '../../src/contracts/events.ts'
import type { Message } from '../../src/contracts/messages.ts'
import type { Actor } from '../../src/contracts/policy.ts'
import { createDatabase, type Database } from '../../src/db/database.ts'
import { createJobs, type Jobs } from '../../src/jobs/index.ts'
import { newId } from '../../src/lib/ids.ts'
import { createRetrieval } from '../../src/retrieval/index.ts'
import { testDatabase } from '../helpers/database.ts'

/** The root of this repository: its own files are what the assistant is asked about. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** Channels of one process, which stand for the bus between instances. */
export function localBus() {
  const channels = new Map<string, Set<(payload: string) => void>>()
  return {
    publish: async (channel: string, payload: string) => {
      for (const handler of channels.get(channel) ?? []) setImmediate(handler, payload)
    },
    subscribe: async (channel: string, handler: (payload: string) => void) => {
      const handlers = channels.get(channel) ?? new Set()
      channels.set(channel, handlers.add(handler))
      return async () => void handlers.delete(handler)
    },
  }
}

/** Cuts files of this repository into passages, as an analysis would. Answers how many files there are. */
export async function fillPassages(
  db: Database,
  { workspaceId, uploadId, folders }: { workspaceId: string; uploadId: string; folders: string[] },
): Promise<number> {
  const sourceId = newId()
  const paths = folders.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(ts|md)$/.test(name))
      .map((name) => `${folder}/${name}`),
  )
  const rows = paths.flatMap((path) => {
    const lines = readFileSync(join(ROOT, path), 'utf8').split('\n')
    const starts = lines.flatMap((line, at) => (at % 30 === 0 || /^(export|\/\*\*|#)/.test(line) ? [at] : []))
    return starts.map((from, index) => {
      const text = lines.slice(from, starts[index + 1] ?? lines.length).join('\n')
      const title = /(?:function|const|class|interface|type) (\w+)|^#+ (.*)/m.exec(text)
      return {
        id: newId(),
        workspace_id: workspaceId,
        source_id: sourceId,
        path,
        start_line: from + 1,
        end_line: from + text.split('\n').length,
        kind: path.endsWith('.md') ? 'doc' : 'code',
        title: title?.[1] ?? title?.[2] ?? '',
        text,
      }
    })
  })
  for (let at = 0; at < rows.length; at += 200) {
    await db.sql`insert into passages ${db.sql(rows.slice(at, at + 200))}`
  }
  const files = paths.map((path) => ({ source_id: sourceId, path, upload_id: uploadId }))
  for (let at = 0; at < files.length; at += 200) {
    await db.sql`insert into source_files ${db.sql(files.slice(at, at + 200))}`
  }
  return paths.length
}

/** A room with a queue and an assistant in `instances` processes' worth of services. Messages are stored as the messages feature does. */
export async function assistantWorld(t: Test, instances: Partial<AssistantOptions & { workers: boolean }>[] = [{}]) {
  const url = await testDatabase(t)
  const bus = localBus()
  const errors: unknown[] = []
  const onError = (error: unknown) => void errors.push(error)
  const db = createDatabase({ url, max: 4, onListenerError: onError })
  const ada: Actor = { userId: newId(), role: 'user', tier: 'free' }
  const eve: Actor = { userId: newId(), role: 'user', tier: 'free' }
  const [workspaceId, conversationId] = [newId(), newId()]
  for (const { userId } of [ada, eve]) {
    await db.sql`insert into users (id, email, name) values (${userId}, ${`${userId}@example.com`}, 'x')`
  }
  await db.sql`insert into workspaces (id, name, personal, created_by) values (${workspaceId}, 'w', true, ${ada.userId})`
  await db.sql`insert into conversations (id, workspace_id, title, created_by) values (${conversationId}, ${workspaceId}, 'c', ${ada.userId})`
  await db.sql`insert into conversation_members (conversation_id, user_id, role) values (${conversationId}, ${ada.userId}, 'owner')`
  const frames: ({ topic: string } & Record<string, unknown>)[] = []

  const opened = await Promise.all(
    instances.map(async ({ workers = true, ...overrides }) => {
      const own = createDatabase({ url, max: 4, onListenerError: onError })
      const assistant = await createAssistant({
        db: own,
        model: createBuiltInModel(),
        retrieval: createRetrieval(own.sql),
        pubsub: bus,
        frames: { broadcast: (topic, frame) => void frames.push({ topic, ...frame }) },
        roleOf: async (userId, id) => (userId === ada.userId && id === workspaceId ? 'owner' : undefined),
        demandWrite: async (actor) => {
          if (actor.userId !== ada.userId) throw problem('NOT_FOUND')
        },
        withdrawJob: (id) => jobs.service.withdraw(id),
        onError,
        checkpointMs: 20,
        ...overrides,
      })
      const jobs: Jobs = createJobs({
        db: own,
        queue: await createPostgresQueue({ url }),
        pubsub: bus,
        frames: { broadcast: () => {} },
        actorOf: async (userId) => ({ userId, role: 'user', tier: 'free' }),
        roleIn: async () => 'owner',
        demandInConversation: async () => {},
        onError,
        timing: { sweepMs: 50, forgottenMs: 0, queue: { lockMs: 1_000, stalledCheckMs: 400 } },
      })
      jobs.handle('reply.generate', assistant.generate)
      own.onCommitted(({ events }) => {
        for (const event of events.filter((one) => one.name === 'job.updated')) assistant.jobEnded(event).catch(onError)
      })
      await jobs.start({ workers })
      return { assistant, jobs, db: own }
    }),
  )
  const first = opened[0]!
  t.teardown(async () => {
    for (const one of opened) {
      await one.jobs.stop(0)
      await one.assistant.close()
      await one.db.close()
    }
    await db.close()
  })

  /** Stores a message of a person and the reply planned for it. */
  const say = (
    content: string,
    options: { mode?: AssistantMode; author?: Actor; attachments?: string[]; humanMembers?: number } = {},
  ) =>
    first.db.transact(async (tx) => {
      const { mode = 'auto', author = ada, attachments = [], humanMembers = 1 } = options
      const messageId = newId()
      const plan = await first.assistant.plan(tx, {
        conversationId,
        workspaceId,
        mode,
        humanMembers,
        threadId: messageId,
        messageId,
        authorId: author.userId,
        content,
      })
      const event = {
        topic: topicOf('conversation', conversationId),
        name: 'message.created' as const,
        data: { id: messageId, content, seq: null },
      }
      const positions = await tx.emitNow(plan ? [event, plan.event] : [event])
      await tx.sql`insert into messages (id, conversation_id, seq, role, author_id, content, attachments)
        values (${messageId}, ${conversationId}, ${positions[0]!.seq}, 'user', ${author.userId}, ${content}, ${JSON.stringify(attachments)}::text::jsonb)`
      await plan?.store(tx, positions[1]!.seq)
      return { messageId, replyId: plan?.messageId, jobId: plan?.jobId }
    })

  const message = async (id: string) => {
    const [row] =
      await db.sql`select status, content, citations, version, reply_to as "replyTo" from messages where id = ${id}`
    return row as Pick<Message, 'status' | 'content' | 'citations' | 'version' | 'replyTo'>
  }
  const until = async (id: string, status: Message['status']) => {
    for (;;) {
      const row = await message(id)
      if (row.status === status) return row
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }
  /** Asks and waits for the whole reply. */
  const ask = async (content: string, options?: Parameters<typeof say>[1]) => {
    const { replyId } = await say(content, { mode: 'always', ...options })
    return { id: replyId as string, ...(await until(replyId as string, 'complete')) }
  }
  const events = async () => {
    const rows =
      await db.sql`select name, data from events where topic = ${topicOf('conversation', conversationId)} order by seq`
    return rows.map((row) => ({ name: row.name as string, data: row.data as Message }))
  }
  return {
    url,
    bus,
    db,
    ada,
    eve,
    workspaceId,
    conversationId,
    frames,
    errors,
    opened,
    first,
    say,
    ask,
    until,
    message,
    events,
  }
}
