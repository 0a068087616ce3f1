import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'

/** What is wrong with a certificate and its key; undefined when a server can use them. Certificates may be out of date: that is not a fault. */
export function certificateFault(certFile: string, keyFile: string): string | undefined {
  try {
    createSecureContext({ cert: readFileSync(certFile), key: readFileSync(keyFile) })
    return undefined
  } catch (error) {
    return `cannot be used: ${(error as Error).message}`
  }
}
