import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** A schema as far as types are made of it. */
export type Schema = {
  $id?: string
  $ref?: string
  type?: string | string[]
  enum?: unknown[]
  const?: unknown
  anyOf?: Schema[]
  items?: Schema
  properties?: Record<string, Schema>
  required?: string[]
  description?: string
}

const src = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'src')

function isRecord(value: unknown): value is Schema & { $id: string } {
  const schema = value as Schema | null
  return typeof schema === 'object' && schema !== null && typeof schema.$id === 'string'
}

/** Where records are described: the contracts, and the models of every feature (`model.ts`, `model-<part>.ts`). */
function modelFiles(): string[] {
  const contracts = readdirSync(join(src, 'contracts')).map((name) => join(src, 'contracts', name))
  const models = readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter((path) => /^[^/\\]+[/\\]model(-[a-z]+)?\.ts$/.test(path))
    .map((path) => join(src, path))
  return [...contracts, ...models].sort()
}

/** The schemas of all public records, by name. */
export async function recordSchemas(): Promise<Record<string, Schema>> {
  const schemas: Record<string, Schema> = {}
  for (const path of modelFiles()) {
    const module = (await import(pathToFileURL(path).href)) as Record<string, unknown>
    for (const value of Object.values(module)) if (isRecord(value)) schemas[value.$id] = value
  }
  return schemas
}
