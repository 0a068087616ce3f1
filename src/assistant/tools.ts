import Type from 'typebox'
import { Ref } from '../contracts/http.ts'
import { Job } from '../contracts/jobs.ts'
import { toolOf } from '../contracts/tools.ts'
import type { Chat } from './chat.ts'
import { ChatAnswer, ChatBody } from './model.ts'

const tool = toolOf<Chat>()
/** How long a call waits for the whole answer, ms: less than the minute after which clients give a call up. */
const WAIT_MS = 45_000

/** The assistant as a tool for agents. */
export const ASSISTANT_TOOLS = [
  tool({
    name: 'ask_assistant',
    title: 'Ask the assistant',
    description:
      'Ask the assistant of a workspace; it answers from its documents and code, with citations to file and line. Without a conversationId a new conversation is made. An answer that takes long comes with a job: read it later with get_message.',
    needs: 'conversations:write',
    scope: 'conversations:write',
    limit: 'chat',
    writes: true,
    input: ChatBody,
    output: Type.Object({ ...ChatAnswer.properties, job: Type.Optional(Ref(Job)) }),
    run: (chat, actor, input) => chat.answer(actor, input, WAIT_MS),
  }),
]
