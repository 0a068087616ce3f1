import { readFileSync, unwatchFile, watchFile } from 'node:fs'
import type { Server } from 'node:https'
import type { FastifyInstance } from 'fastify'
import { certificateFault } from '../config/certificate.ts'
import type { Config } from '../config/schema.ts'

const LOOK_EVERY_MS = 30_000

/**
 * Takes up a renewed certificate without a restart: on SIGHUP, and when one of the two files changes. Connections that are open keep the old
 * one. A pair that does not fit together is reported and not used. Does nothing without TLS.
 */
export function reloadCertificate(
  app: FastifyInstance,
  { TLS_CERT_FILE: certFile, TLS_KEY_FILE: keyFile }: Config,
): void {
  if (certFile === undefined || keyFile === undefined) return
  const reload = () => {
    const fault = certificateFault(certFile, keyFile)
    if (fault !== undefined) {
      app.log.error({ fault }, 'the changed certificate cannot be used: keeping the old one')
      return
    }
    const server = app.server as unknown as Server
    server.setSecureContext({ cert: readFileSync(certFile), key: readFileSync(keyFile), minVersion: 'TLSv1.2' })
    app.log.info({ certFile }, 'took up the certificate anew')
  }
  process.on('SIGHUP', reload)
  for (const file of [certFile, keyFile]) watchFile(file, { interval: LOOK_EVERY_MS, persistent: false }, reload)
  app.addHook('onClose', async () => {
    for (const file of [certFile, keyFile]) unwatchFile(file, reload)
    process.removeListener('SIGHUP', reload)
  })
}
