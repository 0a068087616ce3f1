import type { Static } from 'typebox'
import Type from 'typebox'

const text = (description: string, options: Record<string, unknown> = {}) => Type.String({ description, ...options })
const count = (description: string, value: number, options: Record<string, unknown> = {}) =>
  Type.Integer({ description, default: value, minimum: 0, ...options })
const flag = (description: string, value: boolean) => Type.Boolean({ description, default: value })
const choice = <const T extends readonly string[]>(values: T, description: string, value: T[number]) =>
  Type.Unsafe<T[number]>({ type: 'string', enum: [...values], description, default: value })
const limit = (description: string, value: string) =>
  Type.String({
    description: `${description}, as count/seconds for the free tier; higher tiers multiply`,
    default: value,
    pattern: '^[1-9]\\d*/[1-9]\\d*$',
  })

/**
 * Every key of the configuration, read from the environment (or .env). The single source: `parley config doc`, .env.example and
 * docs/reference/config.md are generated from it.
 */
export const ConfigSchema = Type.Object({
  NODE_ENV: choice(['development', 'staging', 'production', 'test'], 'Which defaults and checks apply', 'development'),
  HOST: text('Address to listen on', { default: '127.0.0.1' }),
  PORT: count('Port to listen on; 0 picks a free one', 3000, { maximum: 65535 }),
  PUBLIC_URL: Type.Optional(
    text('Origin under which clients reach this server; made from HOST and PORT when unset', {
      examples: ['https://chat.example.com'],
      pattern: '^https?://',
    }),
  ),
  DATA_DIR: text('Folder for the embedded PostgreSQL, local storage and generated secrets', { default: './data' }),
  DATABASE_URL: Type.Optional(
    text('External PostgreSQL 15 or newer; unset: an embedded one in DATA_DIR', {
      examples: ['postgres://parley:secret@db:5432/parley'],
      pattern: '^postgres(ql)?://',
    }),
  ),
  DATABASE_POOL: count('Connections to PostgreSQL per process', 10, { minimum: 2, maximum: 200 }),
  REDIS_URL: Type.Optional(
    text('Redis or Valkey 7 or newer for cache, pub/sub, limits and queue; unset: PostgreSQL and in-process', {
      examples: ['redis://redis:6379'],
      pattern: '^rediss?://',
    }),
  ),
  ROLE: choice(['all', 'api', 'worker'], 'What this process does', 'all'),
  CLUSTER_WORKERS: text('Processes to serve with: 0 (one, no supervisor), a number, or auto (one per core)', {
    default: '0',
    pattern: '^(auto|\\d{1,3})$',
  }),
  JWT_SECRET: Type.Optional(
    text('Secret that signs access tokens (HS256), at least 32 bytes; generated in development', { minLength: 1 }),
  ),
  JWT_PRIVATE_KEY: Type.Optional(
    text(
      'Private key in PEM (or base64 of it) that signs access tokens in place of JWT_SECRET: Ed25519 (EdDSA) or P-256 (ES256)',
      { minLength: 1 },
    ),
  ),
  JWT_KEYS_FILE: Type.Optional(
    text(
      'File of keys that sign access tokens in place of both (JWK set, newest first); followed while running. `parley keys rotate <file>` writes it',
      { examples: ['/etc/parley/keys.json'], minLength: 1 },
    ),
  ),
  COOKIE_SECRET: Type.Optional(
    text('Secret that signs cookies, URLs and refresh tokens, at least 32 bytes; generated in development', {
      minLength: 1,
    }),
  ),
  ENCRYPTION_KEY: Type.Optional(
    text('Key ring for secrets at rest, newest first: `2:<base64 of 32 bytes>,1:<...>`; generated in development'),
  ),
  PASSWORD_MEMORY_KIB: count(
    'Memory that hashing a password takes, in KiB: more makes stolen hashes dearer to guess, and signing in slower. Weaker hashes are renewed at the next sign-in',
    65_536,
    { minimum: 19_456, maximum: 1024 ** 2 },
  ),
  ACCESS_TOKEN_TTL: count('Life of an access token in seconds', 900, { minimum: 30, maximum: 86400 }),
  REFRESH_TOKEN_TTL: count('Idle life of a session in seconds: how long a refresh token may stay unused', 30 * 86400, {
    minimum: 60,
  }),
  SESSION_TTL: count('Absolute life of a session in seconds', 90 * 86400, { minimum: 60 }),
  REFRESH_GRACE: count('Seconds in which the predecessor of a refresh token still gets the same new pair', 10, {
    maximum: 300,
  }),
  REQUIRE_EMAIL_VERIFICATION: flag(
    'Whether an account comes to be only when its email was confirmed; registration then answers the same for every address',
    false,
  ),
  OIDC_PROVIDERS: Type.Optional(
    text(
      'Identity providers to sign in with, as JSON: name, issuer, clientId, clientSecret, label, scopes, allowSignUp',
      {
        examples: ['[{"name":"google","issuer":"https://accounts.google.com","clientId":"...","clientSecret":"..."}]'],
      },
    ),
  ),
  CORS_ORIGINS: text('Allowed browser origins, separated by commas; empty: the own origin only', {
    default: '',
    examples: ['https://app.example.com'],
  }),
  TRUST_PROXY: text(
    'Proxies whose X-Forwarded-* headers are believed: false, a number of hops, or addresses separated by commas',
    { default: 'false' },
  ),
  TLS_CERT_FILE: Type.Optional(text('Certificate chain (PEM) to serve HTTPS and WSS')),
  TLS_KEY_FILE: Type.Optional(text('Private key (PEM) of the certificate')),
  UPLOAD_MAX_BYTES: count('Largest file in bytes', 1024 ** 3, { minimum: 1 }),
  WORKSPACE_MAX_BYTES: count('Storage of one workspace in bytes', 10 * 1024 ** 3, { minimum: 1 }),
  ASSISTANT_MONTHLY_TOKENS: Type.Optional(
    Type.Integer({
      minimum: 1,
      description:
        'Tokens that the assistant may use for a user of the free tier in a calendar month (UTC); unset: 1000000 of a language model, and any number of the built-in assistant, which costs nothing',
      examples: [1_000_000],
    }),
  ),
  INVITATION_TTL: count('Life of an invitation by email in seconds', 7 * 86400, { minimum: 60 }),
  DELETED_KEPT_DAYS: count('Days for which deleted workspaces and conversations can be restored', 30, {
    maximum: 3650,
  }),
  CLAMD_URL: Type.Optional(
    text('ClamAV daemon that looks at every upload before it is visible; unset: uploads are marked unscanned', {
      examples: ['tcp://clamd:3310', 'unix:///run/clamav/clamd.ctl'],
      pattern: '^(tcp://[^/]+|unix:///.+)$',
    }),
  ),
  SMTP_URL: Type.Optional(
    text('Mail server; unset: mails are written to DATA_DIR/outbox, and in development their link is logged', {
      examples: ['smtp://user:password@mail.example.com:587?requireTLS=true'],
      pattern: '^smtps?://[^/]+',
    }),
  ),
  MAIL_FROM: text('Sender of mails', {
    default: 'Parley <parley@localhost>',
    examples: ['Parley <parley@example.com>'],
    pattern: '^([^<>@\\r\\n]+ <[^<>@\\s]+@[^<>@\\s]+>|[^<>@\\s]+@[^<>@\\s]+)$',
  }),
  SOCKETS_PER_ADDRESS: count('WebSocket connections of one address on one instance; 0: no limit', 1000),
  EVENT_RETENTION_DAYS: count(
    'Days for which events are kept, so that a client that was away can resume; 0 keeps them for ever. Records stay in any case',
    90,
    { maximum: 36500 },
  ),
  LOG_LEVEL: choice(
    ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
    'Lowest level that is logged',
    'info',
  ),
  LOG_FILE: Type.Optional(text('Also log to this file')),
  LOG_ROTATE_SIZE: Type.Optional(
    text('Start a new log file after this size', { examples: ['20m'], pattern: '^\\d+[kmg]$' }),
  ),
  LOG_ROTATE_KEEP: count('Old log files to keep', 7, { minimum: 1 }),
  METRICS_TOKEN: Type.Optional(
    text('Bearer token that /metrics asks for; unset: open in development, own machine only in production'),
  ),
  ANALYSIS_MAX_FILE_BYTES: count(
    'Largest file that the analysis reads, in bytes; larger ones are named only',
    2 * 1024 ** 2,
    {
      minimum: 1024,
      maximum: 64 * 1024 ** 2,
    },
  ),
  ANALYSIS_MEMORY_MB: count('Heap of an analysis in MiB; one that needs more fails', 1024, {
    minimum: 64,
    maximum: 16_384,
  }),
  ANALYSIS_TIME_LIMIT: count('Seconds after which an analysis is ended', 600, { minimum: 1, maximum: 840 }),
  RATE_LIMIT_ENABLED: flag('Whether rate limits apply; can be false outside production only', true),
  RATE_LIMIT_AUTH: limit('Sign-in and registration, per address and account', '20/60'),
  RATE_LIMIT_READ: limit('Reads', '600/60'),
  RATE_LIMIT_WRITE: limit('Writes', '600/60'),
  RATE_LIMIT_UPLOAD: limit('Uploads', '120/60'),
  RATE_LIMIT_CHAT: limit('Questions to the assistant', '120/60'),
  RATE_LIMIT_SOCKET: limit('Frames of one connection', '1200/60'),
  DRAIN_DELAY_MS: Type.Optional(
    count('Milliseconds between "not ready" and closing the listener; 500, in production 5000', 500, {
      maximum: 60000,
    }),
  ),
})

/** The validated, frozen configuration of a process, secrets filled in. */
export type Config = Readonly<
  Omit<Static<typeof ConfigSchema>, 'JWT_SECRET' | 'COOKIE_SECRET' | 'ENCRYPTION_KEY' | 'DRAIN_DELAY_MS'> & {
    JWT_SECRET: string | undefined
    COOKIE_SECRET: string
    ENCRYPTION_KEY: string
    DRAIN_DELAY_MS: number
  }
>
/** The name of a configuration key. */
export type ConfigKey = keyof Static<typeof ConfigSchema>
