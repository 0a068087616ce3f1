import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { Ajv } from 'ajv'
import { certificateFault } from './certificate.ts'
import { parseOidcProviders } from './oidc.ts'
import { type Config, ConfigSchema } from './schema.ts'
import { developmentSecrets, keyRingFault, keyRingWeakness, sharedSecrets, weakness } from './secrets.ts'
import { signingFaults } from './signing.ts'

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

function secretFaults(values: Record<string, unknown>): string[] {
  const { JWT_SECRET, COOKIE_SECRET, ENCRYPTION_KEY } = values as Record<string, string | undefined>
  const otherKey = values.JWT_PRIVATE_KEY ?? values.JWT_KEYS_FILE
  const found = {
    JWT_SECRET: JWT_SECRET === undefined && otherKey !== undefined ? undefined : weakness(JWT_SECRET),
    COOKIE_SECRET: weakness(COOKIE_SECRET),
    // A malformed ring is told of anyway, in development too.
    ENCRYPTION_KEY: ENCRYPTION_KEY && keyRingFault(ENCRYPTION_KEY) ? undefined : keyRingWeakness(ENCRYPTION_KEY),
  }
  const weak = Object.entries(found).flatMap(([key, fault]) => (fault === undefined ? [] : [`${key} ${fault}`]))
  return [...weak, ...sharedSecrets({ JWT_SECRET, COOKIE_SECRET, ENCRYPTION_KEY })]
}

function productionFaults(values: Record<string, unknown>, problems: string[]) {
  problems.push(...secretFaults(values))
  if (values.SMTP_URL !== undefined && String(values.MAIL_FROM).endsWith('@localhost>'))
    problems.push('MAIL_FROM is missing: mails need a sender that the mail server may send for')
  if (values.REQUIRE_EMAIL_VERIFICATION === true && values.SMTP_URL === undefined)
    problems.push('SMTP_URL is missing: REQUIRE_EMAIL_VERIFICATION needs mails to arrive')
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
  problems.push(...signingFaults(values))
  const { faults } = parseOidcProviders(values.OIDC_PROVIDERS as string | undefined)
  problems.push(...faults.map((fault) => `OIDC_PROVIDERS ${fault}`))
  if (problems.length > 0) throw new ConfigError(problems)
  const secrets = strict ? {} : developmentSecrets(values.DATA_DIR as string)
  const drain = { DRAIN_DELAY_MS: values.NODE_ENV === 'production' ? 5000 : 500 }
  return Object.freeze({ ...drain, ...secrets, ...values }) as Config
}
