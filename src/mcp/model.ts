import Type, { type Static } from 'typebox'

/**
 * One JSON-RPC 2.0 message, as the body of a POST carries it: a request (`id` and `method`), a notification (`method` alone) or a response (`id` alone).
 * No batches: MCP has none since 2025-06-18.
 */
export const McpMessage = Type.Object({
  jsonrpc: Type.Unsafe<'2.0'>({ const: '2.0' }),
  id: Type.Optional(Type.Unsafe<string | number>({ type: ['string', 'integer'] })),
  method: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
  params: Type.Optional(Type.Unsafe<Record<string, unknown>>({ type: 'object' })),
})
export type McpMessage = Static<typeof McpMessage>
