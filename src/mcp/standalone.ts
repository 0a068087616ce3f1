/** Shared schemas by their `$id`. */
export type SharedSchemas = Record<string, unknown>

/**
 * A copy of a schema that stands by itself: the shared schemas that it refers to come along as `$defs`. Clients get it without anything else.
 * @param schema an object schema with references like `Message#`
 */
export function standalone(schema: object, shared: SharedSchemas): Record<string, unknown> {
  const definitions: Record<string, unknown> = {}
  const copy = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(copy)
    if (typeof value !== 'object' || value === null) return value
    const { $id: _, $ref: reference, ...rest } = value as { $id?: string; $ref?: unknown }
    if (typeof reference === 'string') return refer(reference.replace(/#$/, ''))
    return Object.fromEntries(Object.entries(rest).map(([name, inner]) => [name, copy(inner)]))
  }
  const refer = (name: string) => {
    if (!(name in shared)) throw new Error(`There is no shared schema '${name}'`)
    if (!(name in definitions)) {
      // Before it is copied: it may refer to itself.
      definitions[name] = {}
      definitions[name] = copy(shared[name])
    }
    return { $ref: `#/$defs/${name}` }
  }
  const whole = copy(schema) as Record<string, unknown>
  return Object.keys(definitions).length === 0 ? whole : { ...whole, $defs: definitions }
}

/** The same for what is sent to the server: what has a default need not be sent. */
export function standaloneInput(schema: object, shared: SharedSchemas): Record<string, unknown> {
  const whole = standalone(schema, shared) as {
    properties?: Record<string, { default?: unknown }>
    required?: string[]
  }
  const { properties = {}, required = [], ...rest } = whole
  return { ...rest, properties, required: required.filter((name) => properties[name]?.default === undefined) }
}
