import type { Config } from './schema.ts'

/** What links to this server begin with, without a slash at the end: PUBLIC_URL, else made from HOST and PORT. */
export function publicUrl({ PUBLIC_URL, HOST, PORT, TLS_CERT_FILE }: Config): string {
  if (PUBLIC_URL !== undefined) return PUBLIC_URL.replace(/\/+$/, '')
  const host = HOST === '0.0.0.0' || HOST === '::' ? '127.0.0.1' : HOST.includes(':') ? `[${HOST}]` : HOST
  return `${TLS_CERT_FILE === undefined ? 'http' : 'https'}://${host}:${PORT}`
}
