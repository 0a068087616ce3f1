import type { AddressInfo } from 'node:net'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import type { Tool } from '@modelcontextprotocol/sdk/types.js'
import type { FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import type { Need, Scope } from '../../src/contracts/policy.ts'
import { newId } from '../../src/lib/ids.ts'
import { sample } from './operations.ts'
import type { Things } from './things.ts'

/** Lets an app listen, and tells where agents find it. */
export async function mcpUrl(app: FastifyInstance): Promise<URL> {
  if (!app.server.listening) await app.listen({ port: 0, host: '127.0.0.1' })
  return new URL(`http://127.0.0.1:${(app.server.address() as AddressInfo).port}/mcp`)
}

/** What a call of a tool came to: its answer, or the problem it was refused with. */
export interface Called {
  data?: Record<string, unknown>
  problem?: { code: string; status: number; detail: string } & Record<string, unknown>
}

/** An agent: the client of the MCP SDK, over HTTP. It holds every answer against the schema that the tool promises. */
export async function agent(t: Test, url: URL, token?: string) {
  const client = new Client({ name: 'test', version: '1' })
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const transport = new StreamableHTTPClientTransport(url, { requestInit: { headers } })
  await client.connect(transport as Transport)
  t.teardown(() => client.close())
  const { tools } = await client.listTools()
  return {
    client,
    tools,
    async call(name: string, input: Record<string, unknown> = {}): Promise<Called> {
      const { content, structuredContent, isError } = await client.callTool({ name, arguments: input })
      const [{ text }] = content as [{ text: string }]
      if (isError) return { problem: JSON.parse(text) as NonNullable<Called['problem']> }
      t.same(JSON.parse(text), structuredContent, `${name}: the text says the same`)
      return { data: structuredContent as Record<string, unknown> }
    },
  }
}

/** See {@link agent}. */
export type Agent = Awaited<ReturnType<typeof agent>>

/** What a tool tells that it needs. */
export const declarationOf = ({ _meta }: Tool): { needs: Need; scope: Scope } => ({
  needs: _meta?.['parley.dev/needs'] as Need,
  scope: _meta?.['parley.dev/scope'] as Scope,
})

/** Arguments for a tool that are right in form, made from its schema, with the ids of things. */
export const argumentsFor = ({ inputSchema }: Tool, { values, records }: Things) =>
  sample(inputSchema as never, (schema) => schema, {
    ...values,
    nodeId: records['/api/nodes'],
    clientId: newId(),
  }) as Record<string, unknown>
