import {
  type DocumentNode,
  GraphQLError,
  getOperationAST,
  NoSchemaIntrospectionCustomRule,
  type OperationDefinitionNode,
  parse,
  specifiedRules,
  validate,
} from 'graphql'
import type { Problem } from '../../contracts/errors.ts'
import { checkLimits } from './limits.ts'
import { schema } from './schema.ts'

/** A request as GraphQL over HTTP and over WebSocket describe it. */
export interface GraphqlRequest {
  query: string
  variables?: Record<string, unknown> | null | undefined
  operationName?: string | null | undefined
}

/** A request that can be carried out. */
export interface Prepared {
  document: DocumentNode
  operation: OperationDefinitionNode
  variables: Record<string, unknown>
}

/** Longest document, in tokens. */
const MOST_TOKENS = 3000

/** Makes what reads requests: parsed, valid, and within the limits; or the errors that say why not. */
export function createReader({ introspection }: { introspection: boolean }) {
  const rules = introspection ? specifiedRules : [...specifiedRules, NoSchemaIntrospectionCustomRule]

  return ({ query, variables: given, operationName }: GraphqlRequest): Prepared | readonly GraphQLError[] => {
    let document: DocumentNode
    try {
      document = parse(query, { maxTokens: MOST_TOKENS })
    } catch (error) {
      return [error as GraphQLError]
    }
    const faults = validate(schema, document, rules)
    if (faults.length > 0) return faults
    const variables = given ?? {}
    const excess = checkLimits(document, variables)
    if (excess.length > 0) return excess
    const operation = getOperationAST(document, operationName)
    if (operation) return { document, operation, variables }
    return [new GraphQLError('Name the operation: operationName is not one of the document')]
  }
}

/** Makes what shows errors: those of resolvers carry the same codes as everywhere; what is not expected says nothing about itself. */
export function createPresenter(toProblem: (error: unknown) => Problem) {
  return ({ message, locations, path, originalError }: GraphQLError) => {
    const place = { ...(locations && { locations }), ...(path && { path }) }
    if (originalError === undefined || originalError === null) {
      // Names that are nearly right would give the schema away where introspection is off.
      const plain = message.replace(/ ?Did you mean .*$/s, '')
      return { message: plain, ...place, extensions: { code: 'VALIDATION_FAILED', status: 400 } }
    }
    const { code, status, detail, retryAfter } = toProblem(originalError)
    return { message: detail, ...place, extensions: { code, status, ...(retryAfter !== undefined && { retryAfter }) } }
  }
}

/** See {@link createPresenter}. */
export type Presenter = ReturnType<typeof createPresenter>
