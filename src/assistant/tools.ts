import Type from 'typebox'
import { Ref } from '../contracts/http.ts'
import { Job } from '../contracts/jobs.ts'
import { toolOf } from '../contracts/tools.ts'
import type { Chat } from './chat.ts'
import { ChatAnswer, ChatBody } from './model.ts'

const tool = toolOf<Chat>()
const waitSeconds = Type.Integer({
  minimum: 0,
  // Most clients give a call up after a minute.
  maximum: 50,
  default: 45,
  description: 'How long to wait for the whole answer',
})

/** The assistant as a tool for agents. */
export const ASSISTANT_TOOLS = [
  tool({
    name: 'ask_assistant',
    title: 'Ask the assistant',
    description:
      'Ask the assistant of a workspace; it answers from its documents and code, with citations to file and line. Without a conversationId a new conversation is made. An answer that takes longer than waitSeconds comes with its job: read it later with get_message.',
    needs: 'conversations:write',
    scope: 'conversations:write',
    limit: 'chat',
    writes: true,
    input: Type.Object({ ...ChatBody.properties, waitSeconds }, { additionalProperties: false }),
    output: Type.Object({ ...ChatAnswer.properties, job: Type.Optional(Ref(Job)) }),
    run: (chat, actor, { waitSeconds, ...body }) => chat.answer(actor, body, waitSeconds * 1000),
  }),
]
