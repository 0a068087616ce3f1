import { Ajv, type Options } from 'ajv'
import addFormats from 'ajv-formats'
import type { FastifySchemaCompiler } from 'fastify'
import type { FieldError } from '../contracts/errors.ts'

const COMMON: Options = {
  allErrors: false,
  useDefaults: true,
  removeAdditional: false,
  strict: false,
  allowUnionTypes: true,
}

function build(options: Options, schemas: Record<string, object>): Ajv {
  const ajv = new Ajv(options)
  addFormats.default(ajv, ['uuid', 'date-time', 'email', 'uri'])
  for (const schema of Object.values(schemas)) ajv.addSchema(schema)
  return ajv
}

/**
 * Validators by part of the request: query, parameters and headers arrive as text and are coerced; bodies are not, because coercion would
 * turn `null` into `""`.
 */
export function buildValidator(schemas: unknown): FastifySchemaCompiler<object> {
  const shared = (schemas ?? {}) as Record<string, object>
  const coercing = build({ ...COMMON, coerceTypes: 'array' }, shared)
  const exact = build(COMMON, shared)
  return ({ schema, httpPart }) => (httpPart === 'body' ? exact : coercing).compile(schema) as never
}

/** Ajv's errors as paths and reasons for clients: `body/title`, `querystring/limit`. */
export const fieldErrors = (
  errors: { instancePath: string; message?: string; keyword: string; params: Record<string, unknown> }[],
  part: string | undefined,
): FieldError[] =>
  errors.map(({ instancePath, message, keyword, params }) => {
    const named = keyword === 'additionalProperties' ? `/${params.additionalProperty}` : ''
    const missing = keyword === 'required' ? `/${params.missingProperty}` : ''
    const allowed = keyword === 'enum' ? `: ${(params.allowedValues as unknown[]).join(', ')}` : ''
    return {
      path: `${part ?? 'body'}${instancePath}${named}${missing}`,
      message: `${message ?? 'is not valid'}${allowed}`,
    }
  })
