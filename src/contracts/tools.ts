import type { Static, TProperties, TSchema } from 'typebox'
import type { LimitGroup } from './http.ts'
import type { Actor, Need, Scope } from './policy.ts'

/** Any schema of an object. */
type ObjectSchema = TSchema & { type: 'object'; properties: TProperties; required?: string[] }

/** What every tool for agents (MCP) declares, as routes do in their `config`. */
export interface ToolDeclaration<
  Input extends ObjectSchema = ObjectSchema,
  Output extends ObjectSchema = ObjectSchema,
> {
  /** In snake_case, the same for ever: agents are told of it. */
  name: string
  title: string
  /** Read by the model that chooses among tools: what it gives, and where its ids come from. */
  description: string
  /** What role it needs. The service demands it, and a test asks it as every role. */
  needs: Need
  /** The scope an API key needs for it. */
  scope: Scope
  /** The budget its calls count in. */
  limit: LimitGroup
  /** Whether it changes anything. */
  writes: boolean
  input: Input
  /** Only what stands here leaves the server. */
  output: Output
}

/** A tool on the service of its feature. It decides nothing: the service demands the rights, whoever asks. */
export interface Tool<Service> extends ToolDeclaration {
  run(service: Service, actor: Actor, input: never): Promise<object>
}

/** A tool that has its service. */
export interface BoundTool extends ToolDeclaration {
  run(actor: Actor, input: unknown): Promise<object>
}

/** Types the tools of a service: `const tool = toolOf<Search>()`, then `tool({ input, output, run, ... })`. */
export const toolOf =
  <Service>() =>
  <Input extends ObjectSchema, Output extends ObjectSchema>(
    tool: ToolDeclaration<Input, Output> & {
      run: (service: Service, actor: Actor, input: Static<Input>) => Promise<Static<Output>>
    },
  ): Tool<Service> =>
    tool as unknown as Tool<Service>

/** Gives tools their service. */
export const bindTools = <Service>(tools: readonly Tool<Service>[], service: Service): BoundTool[] =>
  tools.map((tool) => ({ ...tool, run: (actor, input) => tool.run(service, actor, input as never) }))
