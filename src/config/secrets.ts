import { randomBytes } from 'node:crypto'
import { chmodSync, existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** The secrets that development makes by itself. */
export interface GeneratedSecrets {
  JWT_SECRET: string
  COOKIE_SECRET: string
  ENCRYPTION_KEY: string
}

const fresh = (): GeneratedSecrets => ({
  JWT_SECRET: randomBytes(48).toString('base64url'),
  COOKIE_SECRET: randomBytes(48).toString('base64url'),
  ENCRYPTION_KEY: `1:${randomBytes(32).toString('base64')}`,
})

/**
 * Reads DATA_DIR/secrets.json (mode 0600), making it on the first start. Written whole under another name and linked into place, so that
 * two processes that start at once agree on one set. Not used in production.
 */
export function developmentSecrets(dataDir: string): GeneratedSecrets {
  const path = join(dataDir, 'secrets.json')
  if (!existsSync(path)) {
    mkdirSync(dataDir, { recursive: true })
    const temporary = `${path}.${process.pid}.tmp`
    writeFileSync(temporary, `${JSON.stringify(fresh(), null, 2)}\n`, { mode: 0o600 })
    try {
      linkSync(temporary, path)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    } finally {
      rmSync(temporary, { force: true })
    }
  }
  chmodSync(path, 0o600)
  return JSON.parse(readFileSync(path, 'utf8')) as GeneratedSecrets
}

const COMMON = /change.?me|secret|password|default|example|parley|test|0123456|(.)\1{7}/i

/** What is wrong with a secret in production; undefined when nothing is. */
export function weakness(value: string | undefined): string | undefined {
  if (value === undefined || value === '') return 'is missing: set a random value, e.g. `openssl rand -base64 48`'
  if (Buffer.byteLength(value) < 32) return 'is too short: at least 32 bytes'
  if (COMMON.test(value)) return 'looks like a placeholder: set a random value, e.g. `openssl rand -base64 48`'
  return undefined
}

/** What is wrong with a key ring `2:<base64 of 32 bytes>,1:<...>`; undefined when nothing is. */
export function keyRingFault(value: string): string | undefined {
  const entries = value.split(',').map((entry) => /^(\d+):([A-Za-z0-9+/_=-]+)$/.exec(entry.trim()))
  const wellFormed = entries.every((match) => match !== null && Buffer.from(match[2] ?? '', 'base64').length === 32)
  if (!wellFormed) return 'must be `2:<base64 of 32 bytes>,1:<...>`, newest first'
  const versions = new Set(entries.map((match) => match?.[1]))
  return versions.size === entries.length ? undefined : 'names the same key version twice'
}
