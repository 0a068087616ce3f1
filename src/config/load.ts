import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { Ajv } from 'ajv'
import { certificateFault } from './certificate.ts'
import { type Config, ConfigSchema } from './schema.ts'
import { developmentSecrets, keyRingFault, weakness } from './secrets.ts'

/** All that is wrong with the configuration at once, one sentence per key. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: readonly string[]
  constructor(problems: readonly string[]) {
    super(`The configuration has ${problems.length} problem(s):\n${problems.map((line) => `  - ${line}`).join('\n')}`)
    this.problems = problems
  }
}

type Environment = Record<string, string | undefined>

/** The process's environment, over what an .env file in the working directory says. The only reader of process.env. */
export function readEnvironment(): Environment {
  const file = resolve('.env')
  const fromFile = existsSync(file) ? parseEnv(readFileSync(file, 'utf8')) : {}
  return { ...fromFile, ...process.env }
}

const keys = Object.keys(ConfigSchema.properties)

function validated(environment: Environment, problems: string[]): Record<string, unknown> {
  const values: Record<string, unknown> = {}
  for (const key of keys) if (environment[key] !== undefined && environment[key] !== '') values[key] = environment[key]
  const validate = new Ajv({
    coerceTypes: true,
    useDefaults: true,
    allErrors: true,
    strict: false,
    validateSchema: false,
  }).compile(ConfigSchema)
  if (!validate(values)) {
    for (const error of validate.errors ?? []) {
      const key = error.instancePath.slice(1)
      const allowed =
        error.keyword === 'enum' ? `: ${(error.params as { allowedValues: string[] }).allowedValues.join(', ')}` : ''
      problems.push(`${key} ${error.message}${allowed}`)
    }
  }
  return values
}

function productionFaults(values: Record<string, unknown>, problems: string[]) {
  for (const key of ['JWT_SECRET', 'COOKIE_SECRET'] as const) {
    const fault = weakness(values[key] as string | undefined)
    if (fault !== undefined) problems.push(`${key} ${fault}`)
  }
  if (values.ENCRYPTION_KEY === undefined)
    problems.push('ENCRYPTION_KEY is missing: set `1:` followed by `openssl rand -base64 32`')
  if (values.JWT_SECRET !== undefined && values.JWT_SECRET === values.COOKIE_SECRET) {
    problems.push('JWT_SECRET and COOKIE_SECRET must differ')
  }
  if (values.RATE_LIMIT_ENABLED === false) problems.push('RATE_LIMIT_ENABLED can be false outside production only')
}

/**
 * Makes the configuration of an environment. Missing secrets are generated once in development, staging needs them as production does.
 * @throws ConfigError with every problem listed
 */
export function loadConfig(environment: Environment = readEnvironment()): Config {
  const problems: string[] = []
  const values = validated(environment, problems)
  const strict = values.NODE_ENV === 'production' || values.NODE_ENV === 'staging'
  values.DATA_DIR = resolve(String(values.DATA_DIR ?? './data'))
  if (strict) productionFaults(values, problems)
  if ((values.TLS_CERT_FILE === undefined) !== (values.TLS_KEY_FILE === undefined)) {
    problems.push('TLS_CERT_FILE and TLS_KEY_FILE are needed together')
  } else if (typeof values.TLS_CERT_FILE === 'string' && typeof values.TLS_KEY_FILE === 'string') {
    const fault = certificateFault(values.TLS_CERT_FILE, values.TLS_KEY_FILE)
    if (fault !== undefined) problems.push(`TLS_CERT_FILE and TLS_KEY_FILE ${fault}`)
  }
  if (typeof values.ENCRYPTION_KEY === 'string') {
    const fault = keyRingFault(values.ENCRYPTION_KEY)
    if (fault !== undefined) problems.push(`ENCRYPTION_KEY ${fault}`)
  }
  if (problems.length > 0) throw new ConfigError(problems)
  const secrets = strict ? {} : developmentSecrets(values.DATA_DIR as string)
  const drain = { DRAIN_DELAY_MS: values.NODE_ENV === 'production' ? 5000 : 500 }
  return Object.freeze({ ...drain, ...secrets, ...values }) as Config
}
