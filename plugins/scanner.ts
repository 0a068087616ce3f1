import fp from 'fastify-plugin'
import { createClamdScanner } from '../src/adapters/scanner/clamd.ts'
import type { Scanner } from '../src/contracts/scanner.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Looks for malware; undefined where none is configured. */
    scanner: Scanner | undefined
  }
}

/** The virus scanner as `app.scanner`: clamd at CLAMD_URL. While it is away, uploads are refused and the health is degraded. */
export default fp(
  async (app) => {
    const { CLAMD_URL } = app.config
    const scanner = CLAMD_URL === undefined ? undefined : createClamdScanner({ url: CLAMD_URL })
    app.decorate('scanner', scanner)
    if (scanner) app.health.add('scanner', async () => ((await scanner.ping()) ? 'ok' : 'down'), false)
  },
  { name: 'scanner', dependencies: ['config', 'lifecycle'] },
)
