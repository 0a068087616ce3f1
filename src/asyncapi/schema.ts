/** A JSON schema as far as it is read here. */
export interface Schema {
  $id?: string
  $ref?: string
  title?: string
  type?: string | string[]
  const?: unknown
  enum?: unknown[]
  anyOf?: Schema[]
  items?: Schema
  properties?: Record<string, Schema>
  required?: string[]
  description?: string
  format?: string
  minimum?: number
  maximum?: number
  minLength?: number
  maxLength?: number
  maxItems?: number
}

/** Public records by their `$id`. */
export type Records = Readonly<Record<string, object>>

const COMPONENT = '#/components/schemas/'

/** A plain copy of a schema whose references lead into the document, as AsyncAPI wants them. */
export function portable(schema: object): Schema {
  const copy = JSON.parse(JSON.stringify(schema), (key, value) =>
    key === '$ref' && typeof value === 'string' && !value.startsWith('#')
      ? `${COMPONENT}${value.replace(/#$/, '')}`
      : value,
  ) as Schema
  delete copy.$id
  return copy
}

/** The records that a part of the document refers to, and those that these refer to. Throws for one that nobody has registered. */
export function referred(part: object, records: Records): Record<string, Schema> {
  const found: Record<string, Schema> = {}
  const look = (text: string): void => {
    for (const [, name = ''] of text.matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
      if (found[name]) continue
      const record = records[name]
      if (!record) throw new Error(`the AsyncAPI document refers to the unknown record '${name}'`)
      found[name] = portable(record)
      look(JSON.stringify(found[name]))
    }
  }
  look(JSON.stringify(part))
  return Object.fromEntries(Object.entries(found).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** The name of the record that a schema refers to. */
export const recordName = ({ $ref }: Schema): string | undefined => $ref?.replace(/#$/, '').split('/').at(-1)

/** A type in few words, for people. */
export function typeName(schema: Schema): string {
  const record = recordName(schema)
  if (record) return record
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ')
  if (schema.anyOf) return schema.anyOf.map(typeName).join(' | ')
  if (schema.type === 'array') return `${typeName(schema.items ?? {})}[]`
  if (Array.isArray(schema.type)) return schema.type.join(' | ')
  if (schema.format) return schema.format
  return schema.type ?? 'anything'
}
