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

const COMMON = /change.?me|secret|password|passw0rd|default|example|parley|qwerty|0123456|abcdefg|(.)\1{7}/i
/** What random bytes never are: written with fewer different characters than this. */
const LEAST_DIFFERENT = 10
const HINT = 'set a random value: `npx parley secrets new` prints one'

/** What is wrong with a secret in production; undefined when nothing is. */
export function weakness(value: string | undefined): string | undefined {
  if (value === undefined || value === '') return `is missing: ${HINT}`
  if (Buffer.byteLength(value) < 32) return 'is too short: at least 32 bytes'
  if (COMMON.test(value) || new Set(value).size < LEAST_DIFFERENT) return `looks like a placeholder: ${HINT}`
  return undefined
}

const KEY_BYTES = 32
/** Base64 or base64url, whole and padded or not: a cut-off key must not pass as a shorter one. */
const BASE64 = /^[A-Za-z0-9+/_-]{43}=?$/

/** What is wrong with a key ring `2:<base64 of 32 bytes>,1:<...>`; undefined when nothing is. */
export function keyRingFault(value: string): string | undefined {
  const entries = value.split(',').map((entry) => /^(\d{1,9}):(.+)$/.exec(entry.trim()))
  const wellFormed = entries.every(
    (match) => BASE64.test(match?.[2] ?? '') && Buffer.from(match?.[2] ?? '', 'base64').length === KEY_BYTES,
  )
  if (!wellFormed) return 'must be `2:<base64 of 32 bytes>,1:<...>`, newest first'
  const versions = entries.map((match) => match?.[1] ?? '')
  if (new Set(versions).size < versions.length) return 'names the same key version twice'
  const keys = entries.map((match) => Buffer.from(match?.[2] ?? '', 'base64').toString('hex'))
  return new Set(keys).size < keys.length ? 'has the same key under two versions' : undefined
}

/** What is wrong with the strength of a well-formed key ring in production; undefined when nothing is. */
export function keyRingWeakness(value: string | undefined): string | undefined {
  if (value === undefined || value === '') return `is missing: ${HINT}`
  for (const entry of value.split(',')) {
    const [version, text = ''] = entry.trim().split(':')
    const bytes = Buffer.from(text, 'base64')
    if (new Set(bytes).size < LEAST_DIFFERENT || COMMON.test(bytes.toString('latin1')))
      return `has a key ${version} that is not random: ${HINT}`
  }
  return undefined
}

/** Pairs of secrets that are the same: what leaks one must not give away another. */
export function sharedSecrets(secrets: Record<string, string | undefined>): string[] {
  const given = Object.entries(secrets).flatMap(([key, value]) =>
    (value ?? '').split(',').map((part) => ({ key, text: part.trim().replace(/^\d+:/, '') })),
  )
  return given.flatMap(({ key, text }, index) =>
    given
      .slice(index + 1)
      .filter((other) => text !== '' && other.text === text && other.key !== key)
      .map((other) => `${key} and ${other.key} must differ`),
  )
}
