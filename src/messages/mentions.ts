import type { Sql, TransactionSql } from 'postgres'
import { problem } from '../contracts/errors.ts'
import { type NewEvent, topicOf } from '../contracts/events.ts'
import type { Message } from '../contracts/messages.ts'

/** People that one message can call. */
export const MAX_MENTIONS = 20
/** Words that a name after an @ may have. */
const MAX_WORDS = 3
const CALL = /(?<![\p{L}\p{N}_.@])@(?=[\p{L}\p{N}])/gu
const WORD = /^[\p{L}\p{N}][\p{L}\p{N}'._-]*/u

/** What a message says about whom it calls. */
export interface Calling {
  content: string
  /** Ids that the client has resolved by itself. */
  mentions?: readonly string[] | undefined
}

/** Whom a message may call: those who can read the conversation. */
interface Reader {
  id: string
  name: string
}

/** Every name that a text may be calling: after each @ one, two and three words, in lower case. The assistant is nobody's name. */
export function calledNames(content: string): string[] {
  const names = new Set<string>()
  for (const { index } of content.matchAll(CALL)) {
    const words: string[] = []
    for (let rest = content.slice(index + 1, index + 200); words.length < MAX_WORDS; ) {
      const word = WORD.exec(rest)?.[0]
      if (word === undefined) break
      words.push(word)
      names.add(words.join(' ').toLowerCase())
      // Punctuation ends a sentence, not a name: "@ada." calls ada.
      names.add(
        words
          .join(' ')
          .toLowerCase()
          .replace(/['._-]+$/, ''),
      )
      if (rest[word.length] !== ' ') break
      rest = rest.slice(word.length + 1)
    }
  }
  names.delete('assistant')
  return [...names].slice(0, MAX_MENTIONS * MAX_WORDS * 2)
}

/**
 * Whom a message calls: the ids it gives, and everybody of the conversation whose name stands after an `@` (two people of one name are
 * both meant). Names of nobody are text.
 * @throws UNPROCESSABLE for an id of somebody who cannot read the conversation
 */
export async function findMentioned(
  sql: Sql | TransactionSql,
  conversationId: string,
  { content, mentions = [] }: Calling,
): Promise<string[]> {
  const names = content.includes('@') ? calledNames(content) : []
  if (names.length === 0 && mentions.length === 0) return []
  const readers = await sql<Reader[]>`
    select u.id, u.name from users u
    join conversations c on c.id = ${conversationId}
    where u.disabled_at is null
      and (u.id = any(${sql.array([...mentions])}::uuid[]) or lower(u.name) = any(${sql.array(names)}::text[]))
      and (exists (select 1 from conversation_members m where m.conversation_id = c.id and m.user_id = u.id)
        or exists (select 1 from workspace_members w where w.workspace_id = c.workspace_id and w.user_id = u.id))
    order by u.id`
  const found = readers.map(({ id }) => id)
  if (!mentions.every((id) => found.includes(id.toLowerCase())))
    throw problem('UNPROCESSABLE', { detail: 'mentions names somebody who is not in this conversation' })
  return [...new Set([...mentions.map((id) => id.toLowerCase()), ...found])].slice(0, MAX_MENTIONS)
}

/** What those who are newly called are told, on topics of their own. It points to the message and does not repeat it. */
export function mentionEvents(
  message: Pick<Message, 'id' | 'conversationId' | 'authorId' | 'mentions'>,
  before: readonly string[] = [],
): NewEvent[] {
  const { id, conversationId, authorId, mentions = [] } = message
  return mentions
    .filter((userId) => userId !== authorId && !before.includes(userId))
    .map((userId) => ({
      topic: topicOf('user', userId),
      name: 'message.mentioned',
      data: { conversationId, messageId: id, userId, authorId },
    }))
}
