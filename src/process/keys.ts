import type { FastifyInstance } from 'fastify'

/** Takes up changed signing keys at once on SIGHUP; the file is followed anyway. Does nothing without JWT_KEYS_FILE. */
export function reloadKeys(app: FastifyInstance): void {
  const { keyFile } = app
  if (keyFile === undefined) return
  process.on('SIGHUP', keyFile.look)
  app.addHook('onClose', async () => void process.removeListener('SIGHUP', keyFile.look))
}
