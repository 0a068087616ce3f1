import { Problem } from '../../contracts/errors.ts'
import { createPresenter, createReader } from './document.ts'
import { createGraphqlExecutor } from './execute.ts'
import type { GraphqlDeps } from './root.ts'
import type { Subscriber } from './subscriptions.ts'
import { createTransport } from './transport.ts'

/** What GraphQL needs. */
export interface GraphqlOptions extends GraphqlDeps, Pick<Subscriber, 'job'> {
  introspection: boolean
  /** Any error as clients are told of it, the same as over REST. */
  toProblem: (error: unknown) => Problem
}

/** GraphQL, put together: `execute` for queries and mutations over HTTP, `open` for subscriptions over a socket. Loaded when somebody asks. */
export function createGraphql({ introspection, toProblem, ...deps }: GraphqlOptions) {
  const shared = { ...deps, read: createReader({ introspection }), present: createPresenter(toProblem) }
  const isExpected = (error: unknown) => {
    if (error instanceof Problem && error.status < 500) return true
    toProblem(error)
    return false
  }
  return { execute: createGraphqlExecutor(shared), open: createTransport({ ...shared, isExpected }) }
}

/** See {@link createGraphql}. */
export type Graphql = ReturnType<typeof createGraphql>
