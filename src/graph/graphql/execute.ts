import { type ExecutionResult, execute, GraphQLError } from 'graphql'
import { problem } from '../../contracts/errors.ts'
import type { Actor } from '../../contracts/policy.ts'
import { withScopes } from './declarations.ts'
import type { createReader, GraphqlRequest, Presenter } from './document.ts'
import { createRoot, type GraphqlDeps } from './root.ts'
import { schema } from './schema.ts'

/** What is sent back. `refused`: nothing was carried out, because the document itself is not right. */
export interface GraphqlAnswer {
  result: { data?: unknown; errors?: readonly object[] }
  refused: boolean
}

interface ExecutorOptions extends GraphqlDeps {
  read: ReturnType<typeof createReader>
  present: Presenter
}

/** Makes the executor of queries and mutations. */
export function createGraphqlExecutor({ read, present, ...deps }: ExecutorOptions) {
  const refuse = (errors: readonly GraphQLError[]): GraphqlAnswer => ({
    result: { errors: errors.map(present) },
    refused: true,
  })

  /** @throws METHOD_NOT_ALLOWED for a mutation where only reading is allowed */
  return async (actor: Actor, request: GraphqlRequest, readOnly: boolean): Promise<GraphqlAnswer> => {
    const prepared = read(request)
    if (!('document' in prepared)) return refuse(prepared)
    const { document, operation, variables } = prepared
    if (operation.operation === 'subscription')
      return refuse([new GraphQLError('Subscriptions are sent over WebSocket, to the same path')])
    if (readOnly && operation.operation !== 'query')
      throw problem('METHOD_NOT_ALLOWED', { detail: 'Send mutations by POST', headers: { allow: 'POST' } })
    const { data, errors } = (await execute({
      schema,
      document,
      rootValue: withScopes(createRoot(deps, actor), actor),
      variableValues: variables,
      operationName: request.operationName ?? null,
    })) as ExecutionResult
    const shown = { ...(errors && { errors: errors.map(present) }), ...(data !== undefined && { data }) }
    return { result: shown, refused: data === undefined }
  }
}
