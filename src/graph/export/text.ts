/** Characters that XML 1.0 cannot hold at all (section 2.2). */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g

/** Text as the content or a quoted attribute of XML. Line ends and tabs are kept as references: attributes would lose them. */
export function xml(value: unknown): string {
  return String(value)
    .toWellFormed()
    .replace(FORBIDDEN, '')
    .replace(/[&<>"'\n\r\t]/g, (character) => `&#${character.charCodeAt(0)};`)
}

/** A record as flat text attributes, in a fixed order: what is a list or a record is written as JSON. */
export function flat(record: object): [name: string, value: string | number | boolean][] {
  return Object.entries(record).flatMap(([name, value]): [string, string | number | boolean][] => {
    if (value === undefined || value === null) return []
    return [[name, typeof value === 'object' ? JSON.stringify(value) : (value as string | number | boolean)]]
  })
}

/** Types of the attributes, for formats that declare them before they are used. */
export const NODE_ATTRIBUTES = {
  nodeKey: 'string',
  kind: 'string',
  name: 'string',
  path: 'string',
  startLine: 'integer',
  endLine: 'integer',
  language: 'string',
  exported: 'boolean',
  signature: 'string',
  doc: 'string',
  lines: 'integer',
  hash: 'string',
  own: 'boolean',
  notes: 'string',
} as const
export const EDGE_ATTRIBUTES = {
  kind: 'string',
  resolution: 'string',
  typeOnly: 'boolean',
  dynamic: 'boolean',
  startLine: 'integer',
  endLine: 'integer',
  count: 'integer',
  name: 'string',
} as const
