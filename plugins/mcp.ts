import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { bindTools } from '../src/contracts/tools.ts'
import { compilersFactory } from '../src/http/lazy-schemas.ts'
import { problemBody, toProblem } from '../src/http/to-problem.ts'
import { fieldErrors } from '../src/http/validation.ts'
import { keyedRequest } from '../src/idempotency/store.ts'
import type { Mcp } from '../src/mcp/index.ts'
import type { McpMessage } from '../src/mcp/model.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Answers a message of the Model Context Protocol with the rights of whoever sent it; undefined for what wants no answer. */
    mcp(request: FastifyRequest, reply: FastifyReply, message: McpMessage): ReturnType<Mcp['answer']>
  }
}

/** An error of a tool, as REST would answer and log it. */
function tell(request: FastifyRequest, error: unknown): object {
  const known = toProblem(error)
  if (known.code === 'INTERNAL') request.log.error({ err: known.cause ?? known }, 'tool failed')
  else if (known.status === 403) request.log.warn({ code: known.code, ip: request.ip }, 'tool refused')
  const { retryAfter } = known
  return { ...problemBody(known, '/mcp', request.id), ...(retryAfter !== undefined && { retryAfter }) }
}

/** Tools for agents as `app.mcp`, on the services of their features. The route is routes/mcp.ts. */
export default fp(
  async (app) => {
    let loaded: Promise<Mcp> | undefined
    // As with GraphQL: most servers are never asked, and neither the library nor the tools are there before.
    const load = async () => {
      const [{ createMcp }, assistant, conversations, graph, messages, search, workspaces] = await Promise.all([
        import('../src/mcp/index.ts'),
        import('../src/assistant/tools.ts'),
        import('../src/conversations/tools.ts'),
        import('../src/graph/tools.ts'),
        import('../src/messages/tools.ts'),
        import('../src/search/tools.ts'),
        import('../src/workspaces/tools.ts'),
      ])
      const compilers = compilersFactory('at-first-use')
      const [validators, serializers] = [compilers.buildValidator({}), compilers.buildSerializer({}, {})]
      const place = { httpPart: 'body', method: 'POST', url: '/mcp', httpStatus: '200' } as const
      return createMcp({
        shared: app.getSchemas(),
        tools: [
          ...bindTools(search.SEARCH_TOOLS, app.finder),
          ...bindTools(workspaces.WORKSPACE_TOOLS, app.workspaces),
          ...bindTools(graph.GRAPH_TOOLS, app.graph),
          ...bindTools(conversations.CONVERSATION_TOOLS, app.conversations),
          ...bindTools(messages.MESSAGE_TOOLS, app.messages),
          ...bindTools(assistant.ASSISTANT_TOOLS, app.chat),
        ],
        validator(schema) {
          const valid = validators({ ...place, schema })
          return (input) => (valid(input) ? [] : fieldErrors(valid.errors as never, 'arguments'))
        },
        serializer: (schema) => serializers({ ...place, schema } as never) as (output: object) => string,
      })
    }
    app.decorate('mcp', async (request, reply, message) => {
      loaded ??= load()
      const mcp = await loaded
      const call = {
        actor: request.actor,
        count: (group) => app.countIn(group, request, reply),
        tell: (error) => tell(request, error),
      } satisfies Parameters<Mcp['answer']>[0]
      // What a tool writes is not the answer that an Idempotency-Key stands for.
      return keyedRequest.exit(() => mcp.answer(call, message, request.headers['mcp-protocol-version'] as string))
    })
  },
  {
    name: 'mcp',
    dependencies: ['rate-limit', 'idempotency', 'graph', 'conversations', 'messages', 'chat', 'search', 'workspaces'],
  },
)
