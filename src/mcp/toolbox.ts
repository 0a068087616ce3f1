import { type CallToolResult, ErrorCode, McpError, type Tool } from '@modelcontextprotocol/sdk/types.js'
import { type FieldError, problem } from '../contracts/errors.ts'
import type { LimitGroup } from '../contracts/http.ts'
import { type Actor, demandScope } from '../contracts/policy.ts'
import type { BoundTool } from '../contracts/tools.ts'
import { type SharedSchemas, standalone, standaloneInput } from './standalone.ts'

/** Who calls, and what belongs to the request. */
export interface McpCall {
  actor: Actor
  /** Counts a call in a budget beside that of the route. @throws RATE_LIMITED */
  count: (group: LimitGroup) => Promise<void>
  /** What clients are told of an error: the body that REST would answer. Logs what the operator should know. */
  tell: (error: unknown) => object
}

/** What the tools need. */
export interface ToolboxDeps {
  tools: readonly BoundTool[]
  shared: SharedSchemas
  /** Compiles the check of an input: fills in defaults, converts nothing; answers the faults. */
  validator: (schema: object) => (input: object) => FieldError[]
  /** Compiles the writer of an output: what is not in the schema is left out. */
  serializer: (schema: object) => (output: object) => string
}

/** What a tool needs, for which the protocol has no words. */
const declarationOf = ({ needs, scope }: BoundTool) => ({ 'parley.dev/needs': needs, 'parley.dev/scope': scope })

/** A tool with the schemas that clients are told of: the same check what comes and write what goes. */
function prepare(tool: BoundTool, { shared, validator, serializer }: ToolboxDeps) {
  const inputSchema = standaloneInput(tool.input, shared)
  const outputSchema = standalone(tool.output, shared)
  const { name, title, description, writes } = tool
  const annotations = {
    title,
    readOnlyHint: !writes,
    destructiveHint: false,
    idempotentHint: !writes,
    openWorldHint: false,
  }
  const told = { name, title, description, inputSchema, outputSchema, annotations, _meta: declarationOf(tool) }
  return { tool, told: told as unknown as Tool, check: validator(inputSchema), write: serializer(outputSchema) }
}

/** The tools as agents see and call them. They decide nothing: scopes are demanded here as the routes' are, all else by the services. */
export function createToolbox(deps: ToolboxDeps) {
  const entries = new Map(deps.tools.map((tool) => [tool.name, prepare(tool, deps)]))
  if (entries.size !== deps.tools.length) throw new Error('Two tools have the same name')

  async function run({ actor, count }: McpCall, { tool, check, write }: ReturnType<typeof prepare>, input: object) {
    demandScope(actor, tool.scope)
    // The route has counted it as a read already.
    if (tool.limit !== 'read') await count(tool.limit)
    const errors = check(input)
    if (errors.length > 0) throw problem('VALIDATION_FAILED', { errors, detail: 'See errors for each fault' })
    return write(await tool.run(actor, input))
  }

  return {
    /** The tools that the scopes of a caller's key allow. Roles differ by workspace: they are asked when a tool is called. */
    list: ({ scopes }: Actor): Tool[] =>
      [...entries.values()]
        .filter(({ tool }) => scopes === undefined || scopes.includes(tool.scope))
        .map(({ told }) => told),

    /** Calls a tool. Whatever goes wrong in it is an answer, which the model that called can read. */
    async call(call: McpCall, name: string, input: object = {}): Promise<CallToolResult> {
      const entry = entries.get(name)
      if (entry === undefined) throw new McpError(ErrorCode.InvalidParams, `There is no tool '${name}'`)
      try {
        const text = await run(call, entry, input)
        return { content: [{ type: 'text', text }], structuredContent: JSON.parse(text) as Record<string, unknown> }
      } catch (error) {
        const text = JSON.stringify(call.tell(error))
        return { content: [{ type: 'text', text }], isError: true }
      }
    },
  }
}
