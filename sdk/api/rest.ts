import type { Http, RequestOptions } from '../http/request.ts'
import { OPERATIONS, type Operations } from '../operations.ts'

/** What may be given besides what the operation itself takes. */
type Extra = Pick<RequestOptions, 'signal' | 'headers' | 'idempotencyKey' | 'retries' | 'longestWaitMs' | 'anonymous'>
type Takes<K extends keyof Operations> = Omit<Operations[K], 'answer'> & Extra
/** Nothing needs to be given where nothing is required. */
type Input<K extends keyof Operations> =
  object extends Omit<Operations[K], 'answer'> ? [input?: Takes<K>] : [input: Takes<K>]

/** One method for each operation of the OpenAPI document, by its operationId. */
export type Rest = {
  readonly [K in keyof Operations]: (...input: Input<K>) => Promise<Operations[K]['answer']>
}

type Given = Extra & {
  path?: Record<string, string>
  query?: RequestOptions['query']
  body?: unknown
  ifMatch?: string
}

/**
 * Every operation of the server, typed by its OpenAPI document: `rest.getConversation({ path: { id } })`. Tokens, idempotency keys, retries and
 * errors are those of the other methods. Answers that are no JSON (files, streams) are handed on as a Response.
 */
export function restApi(http: Http): Rest {
  const method = (place: string) => {
    const [verb = 'GET', template = '/', raw] = place.split(' ')
    return ({ path = {}, ...options }: Given = {}) => {
      const url = template.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(path[name] ?? ''))
      return raw
        ? http.raw(verb, url, { ...options, headers: { accept: '*/*', ...options.headers } })
        : http.json(verb, url, options)
    }
  }
  const entries = Object.entries(OPERATIONS).map(([name, place]) => [name, method(place)])
  return Object.fromEntries(entries) as Rest
}
