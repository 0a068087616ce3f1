// An agent by MCP: gets an API key that may only read, lists the tools that the key allows, and calls two of them.
//
//   npm start                                  (in another terminal)
//   npx tsx examples/agent.ts [url]
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import { WebSocket } from 'ws'
import { createParley } from '../sdk/index.ts'

const url = process.argv[2] ?? 'http://127.0.0.1:3000'
const parley = createParley({ url, WebSocket })
await parley.auth.register({ email: `agent-${Date.now()}@example.com`, password: 'correct horse battery staple' })
const code = 'import { pour } from "./machine.js"\n\n/** Makes a coffee. */\nexport const brew = () => pour("coffee")\n'
const uploads = [
  await parley.uploads.create({ name: 'brew.ts', data: new Blob([code]) }),
  await parley.uploads.create({ name: 'machine.ts', data: new Blob(['export const pour = (what: string) => what\n']) }),
]
const { job } = await parley.graph.analyze({ uploadIds: uploads.map(({ id }) => id), name: 'Coffee' })
await parley.jobs.finished(job.id)
const { key } = await parley.rest.createApiKey({
  body: { name: 'agent', scopes: ['conversations:read', 'graph:read'] },
})

const client = new Client({ name: 'example', version: '1.0.0' })
const headers = { authorization: `Bearer ${key}` }
const transport = new StreamableHTTPClientTransport(new URL('/mcp', url), { requestInit: { headers } })
await client.connect(transport as Transport)
const { tools } = await client.listTools()
console.log(`tools: ${tools.map(({ name }) => name).join(', ')}`)

interface Found {
  symbols: { nodeId: string; path: string; startLine: number; title: string }[]
}
const search = await client.callTool({ name: 'search', arguments: { q: 'pour' } })
const found = (search.structuredContent as Found).symbols.find(({ title }) => title === 'pour')
console.log(`${found?.title} stands in ${found?.path}, line ${found?.startLine}`)

const impact = await client.callTool({ name: 'get_impact', arguments: { nodeId: found?.nodeId } })
const { items } = impact.structuredContent as { items: { node: { name: string; path: string } }[] }
console.log(`a change of it touches ${items.map(({ node }) => `${node.name} (${node.path})`).join(', ')}`)

await client.close()
parley.close()
