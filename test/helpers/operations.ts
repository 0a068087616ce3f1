import type { FastifyInstance, LightMyRequestResponse } from 'fastify'
import type { Need } from '../../src/contracts/policy.ts'

type Schema = Record<string, unknown> & {
  $ref?: string
  type?: string | string[]
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  anyOf?: Schema[]
  enum?: unknown[]
}

/** An operation of the OpenAPI document, with what it declares that it needs. */
export interface Operation {
  id: string
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD'
  path: string
  needs: Need | undefined
  isPublic: boolean
  parameters: { name: string; in: string; required?: boolean; schema: Schema }[]
  body: Schema | undefined
  contentType: string | undefined
}

/** Values by the name of a property or parameter: what a sample uses instead of making something up. */
export type Values = Record<string, unknown>

interface Document {
  paths: Record<string, Record<string, Record<string, unknown>>>
  components: { schemas: Record<string, Schema> }
}

/** All operations of an app, as its OpenAPI document tells them. */
export async function operationsOf(app: FastifyInstance): Promise<{ operations: Operation[]; resolve: Resolve }> {
  const { paths, components } = (await app.inject('/docs/openapi.json')).json<Document>()
  const resolve: Resolve = (schema) =>
    schema.$ref === undefined ? schema : resolve(components.schemas[schema.$ref.split('/').at(-1) as string] as Schema)
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => {
      const content = (operation.requestBody as { content?: Record<string, { schema: Schema }> })?.content ?? {}
      const [contentType] = Object.keys(content)
      return {
        id: operation.operationId as string,
        method: method.toUpperCase() as Operation['method'],
        path,
        needs: operation['x-needs'] as Need | undefined,
        isPublic: (operation.security as unknown[] | undefined)?.length === 0,
        parameters: (operation.parameters as Operation['parameters']) ?? [],
        body: contentType === undefined ? undefined : content[contentType]?.schema,
        contentType,
      }
    }),
  )
  return { operations, resolve }
}

type Resolve = (schema: Schema) => Schema

const isText = (type: unknown) => type === 'string' || (Array.isArray(type) && type.includes('string'))

function sampleText(schema: Schema): string {
  const [example] = (schema.examples as string[] | undefined) ?? []
  if (example !== undefined) return example
  if (schema.format === 'uuid') return '01920b5e-7d3c-7cc0-8f6e-2f1f0d9a4b11'
  if (schema.format === 'email') return 'somebody@example.org'
  if (schema.format === 'date-time') return new Date(Date.now() + 3_600_000).toISOString()
  return 'sample text'.padEnd((schema.minLength as number | undefined) ?? 0, 'x')
}

/** The smallest value that a JSON schema takes, with the given values for properties of those names. */
export function sample(given: Schema, resolve: Resolve, values: Values = {}): unknown {
  const schema = resolve(given)
  if (schema.const !== undefined) return schema.const
  if (schema.default !== undefined) return schema.default
  if (schema.enum) return schema.enum[0]
  if (schema.anyOf) return sample(schema.anyOf[0] as Schema, resolve, values)
  if (schema.type === 'object' || schema.properties) return sampleObject(schema, resolve, values)
  if (schema.type === 'array') return schema.minItems ? [sample(schema.items as Schema, resolve, values)] : []
  if (schema.type === 'integer' || schema.type === 'number') return schema.minimum ?? 1
  if (schema.type === 'boolean') return true
  return isText(schema.type) ? sampleText(schema) : {}
}

function sampleObject(schema: Schema, resolve: Resolve, values: Values): Record<string, unknown> {
  const { properties = {}, required = [] } = schema
  const least = (schema.minProperties as number | undefined) ?? 0
  const result: Record<string, unknown> = {}
  for (const [name, property] of Object.entries(properties)) {
    if (name in values) result[name] = values[name]
    else if (required.includes(name)) result[name] = sample(property, resolve, values)
  }
  for (const [name, property] of Object.entries(properties)) {
    if (Object.keys(result).length < least && !(name in result)) result[name] = sample(property, resolve, values)
  }
  return result
}

/** Whether there is such a value, of the right type: `from` is a node here, a number there. */
const fits = ({ type }: Schema, value: unknown): boolean =>
  value !== undefined && (type !== 'integer' || typeof value === 'number')

/** A request as `inject` takes it. */
export interface Request {
  method: Operation['method']
  url: string
  headers: Record<string, string>
  payload?: object | undefined
}

/**
 * A request to an operation that is right in form: ids and such from `values`, everything else made up. A parameter `id` is that of the record
 * whose path stands before it (`records['/api/conversations']`).
 * @throws for a record that nobody has: a new resource has to be added to test/helpers/things.ts
 */
export function requestFor(
  { method, path, parameters, body, contentType }: Operation,
  resolve: Resolve,
  { records, values }: { records: Record<string, string>; values: Values },
): Request {
  const fill = (name: string, schema: Schema, before: string) => {
    if (fits(schema, values[name])) return String(values[name])
    if (name !== 'id') return String(sample(schema, resolve, values))
    const id = records[before]
    if (id === undefined) throw new Error(`No record for ${method} ${path}: add one to test/helpers/things.ts`)
    return id
  }
  const schemaOf = (name: string) => parameters.find((one) => one.name === name)?.schema ?? {}
  const url = path.replaceAll(/\{(\w+)\}/g, (_, name: string, at: number) =>
    fill(name, schemaOf(name), path.slice(0, at - 1)),
  )
  const query = new URLSearchParams()
  for (const { name, in: where, required, schema } of parameters) {
    if (where === 'query' && (required || name in values)) query.set(name, fill(name, schema, path))
  }
  const json = body !== undefined && contentType === 'application/json'
  return {
    method,
    url: query.size > 0 ? `${url}?${query}` : url,
    // A version that the record has not: whoever may change it is told so, and nothing is changed.
    headers: method === 'GET' || method === 'POST' ? {} : { 'if-match': '"0-0"' },
    ...(json && { payload: sample(body, resolve, values) as object }),
  }
}

/** Sends a request as somebody. */
export const send = (
  app: FastifyInstance,
  { method, url, headers, payload }: Request,
  as: { headers?: Record<string, string> } = {},
): Promise<LightMyRequestResponse> =>
  app.inject({ method, url, headers: { ...headers, ...as.headers }, ...(payload === undefined ? {} : { payload }) })
