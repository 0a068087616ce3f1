import { ConfigSchema } from './schema.ts'

/** One configuration key as people read about it. */
export type ConfigEntry = {
  key: string
  description: string
  /** What it is when unset; undefined when it has none. */
  defaultValue: string | undefined
  example: string | undefined
  allowed: string | undefined
}

type Property = {
  description?: string
  default?: unknown
  examples?: unknown[]
  enum?: unknown[]
  type?: string
  minimum?: number
  maximum?: number
}

/** Every configuration key, in the order of the schema. */
export function describeConfig(): ConfigEntry[] {
  return Object.entries(ConfigSchema.properties as Record<string, Property>).map(([key, property]) => ({
    key,
    description: property.description ?? '',
    defaultValue: property.default === undefined ? undefined : String(property.default),
    example: property.examples?.[0] === undefined ? undefined : String(property.examples[0]),
    allowed: allowedValues(property),
  }))
}

function allowedValues({ enum: values, type, minimum, maximum }: Property): string | undefined {
  if (values) return values.join(', ')
  if (type === 'boolean') return 'true, false'
  if (type !== 'integer') return undefined
  if (maximum !== undefined) return `${minimum ?? 0} to ${maximum}`
  return `${minimum ?? 0} or more`
}

/** The file `.env.example`: every key as a comment with its default or an example, to be copied and edited. */
export function envExample(): string {
  const head =
    '# Copy to .env and uncomment what you change. Everything has a default in development.\n# Made by `npm run docs` from src/config/schema.ts.\n'
  const entries = describeConfig().map(({ key, description, defaultValue, example, allowed }) => {
    const range = allowed === undefined ? '' : ` (${allowed})`
    return `# ${description}${range}\n#${key}=${defaultValue ?? example ?? ''}\n`
  })
  return [head, ...entries].join('\n')
}

/** The reference page of the configuration, in Markdown. */
export function configReference(): string {
  const cell = (text: string | undefined, code = true) =>
    text === undefined || text === '' ? '' : code ? `\`${text.replaceAll('|', '\\|')}\`` : text.replaceAll('|', '\\|')
  const rows = describeConfig().map(
    ({ key, description, defaultValue, example, allowed }) =>
      `| \`${key}\` | ${cell(description, false)} | ${cell(defaultValue)} | ${cell(allowed, false)} | ${cell(example)} |`,
  )
  return [
    '# Configuration',
    '',
    'Made by `npm run docs` from `src/config/schema.ts`. Keys are read from the environment, else from a file `.env` in the working directory.',
    '`npx parley config check` lists everything that is wrong at once; the server exits with 78 then.',
    '',
    '| key | what it is | default | allowed | example |',
    '|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n')
}

/** The same for a terminal. */
export function configText(): string {
  return describeConfig()
    .map(({ key, description, defaultValue, example, allowed }) => {
      const facts = [
        defaultValue === undefined ? undefined : `default: ${defaultValue === '' ? '(empty)' : defaultValue}`,
        allowed === undefined ? undefined : `allowed: ${allowed}`,
        example === undefined ? undefined : `example: ${example}`,
      ].filter((fact) => fact !== undefined)
      return `${key}\n    ${description}${facts.length === 0 ? '' : `\n    ${facts.join('; ')}`}\n`
    })
    .join('\n')
}
