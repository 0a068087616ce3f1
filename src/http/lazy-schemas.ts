import { SerializerSelector } from '@fastify/fast-json-stringify-compiler'
import type { FastifySchemaCompiler } from 'fastify'
import { buildValidator } from './validation.ts'

/** What Fastify wants compiled: one part of a request, or one answer, of one route. */
type Part = Parameters<FastifySchemaCompiler<object>>[0]
/** A validator as Ajv makes it. Fastify tells one that has a `schemaEnv` where the value stands, so that the value itself can be replaced. */
interface Validate {
  (data: unknown, place?: unknown): unknown
  errors?: unknown
  schemaEnv?: unknown
}

/** When schemas are compiled: at boot (so that a faulty one fails there, as a test wants it) or at first use. */
export type SchemaMode = 'at-boot' | 'at-first-use'

function lazyValidator(compile: () => Validate): Validate {
  let compiled: Validate | undefined
  const validate: Validate = (data, place) => {
    compiled ??= compile()
    const valid = compiled(data, place)
    validate.errors = compiled.errors
    return valid
  }
  validate.schemaEnv = true
  return validate
}

function lazySerializer(compile: () => (data: unknown) => string): (data: unknown) => string {
  let compiled: ((data: unknown) => string) | undefined
  return (data) => {
    compiled ??= compile()
    return compiled(data)
  }
}

const sameSchemas = (a: Record<string, unknown>, b: Record<string, unknown>): boolean => {
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key])
}

/** Makes one compiler for all scopes with the same shared schemas: Fastify asks for one in each scope, and an Ajv costs some 5 ms. */
function shared<Compiler>(make: (schemas: Record<string, unknown>) => Compiler) {
  const made: { schemas: Record<string, unknown>; compiler: Compiler }[] = []
  return (schemas: unknown): Compiler => {
    const given = (schemas ?? {}) as Record<string, unknown>
    const known = made.find((entry) => sameSchemas(entry.schemas, given))
    if (known) return known.compiler
    const compiler = make(given)
    made.push({ schemas: given, compiler })
    return compiler
  }
}

/**
 * The compilers of request and response schemas. Compiling is the most expensive part of a start, and most of it would be for nothing: a route
 * documents eight answers and gives two, and one instance serves some routes only. So it is left until the first use, where it
 * costs 1 to 3 ms once.
 */
export function compilersFactory(mode: SchemaMode) {
  const serializers = SerializerSelector()
  const validators = shared((schemas) => buildValidator(schemas) as unknown as (part: Part) => Validate)
  return {
    buildValidator: (schemas: unknown) =>
      mode === 'at-boot' ? validators(schemas) : (part: Part) => lazyValidator(() => validators(schemas)(part)),
    buildSerializer: (schemas: unknown, options: object) => {
      const compile = serializers(schemas, options)
      return mode === 'at-boot' ? compile : (part: Parameters<typeof compile>[0]) => lazySerializer(() => compile(part))
    },
  }
}
