import type { FastifyInstance } from 'fastify'
import type { Config } from '../config/schema.ts'
import { openDatabase } from './database.ts'
import { EXIT, OperatorError } from './exit.ts'
import { reloadKeys } from './keys.ts'
import { createEarlyLog } from './log.ts'
import { reloadCertificate } from './tls.ts'

/** A listening server. */
export type RunningServer = {
  app: FastifyInstance
  /** Where it listens, such as `http://127.0.0.1:3000`. */
  origin: string
  /** Closes the app and ends the embedded PostgreSQL, in this order. */
  close(): Promise<void>
}

/** Starts the database, migrates it, builds the app and listens. What it started is stopped again when a later step fails. */
export async function startServer(config: Config): Promise<RunningServer> {
  const log = createEarlyLog()
  const opening = openDatabase(config, log)
  // The modules load while PostgreSQL starts in its own process.
  const loading = import('../app.ts')
  const [opened, loaded] = await Promise.allSettled([opening, loading])
  if (opened.status === 'rejected') throw opened.reason
  const database = opened.value
  let app: FastifyInstance | undefined
  try {
    if (loaded.status === 'rejected') throw loaded.reason
    app = await loaded.value.buildApp({ config, databaseUrl: database.url })
    log.attach(app.log)
    reloadCertificate(app, config)
    reloadKeys(app)
    const origin = await listen(app, config)
    const running = app
    const close = async () => {
      await running.close()
      await database.stop()
    }
    return { app, origin, close }
  } catch (error) {
    await app?.close()
    await database.stop()
    throw error
  }
}

async function listen(app: FastifyInstance, config: Config): Promise<string> {
  try {
    const address = await app.listen({ host: config.HOST, port: config.PORT })
    return originOf(address, config)
  } catch (error) {
    const sentence = listenFailure((error as NodeJS.ErrnoException).code, config)
    throw sentence === undefined ? error : new OperatorError(sentence, EXIT.unavailable, { cause: error })
  }
}

function listenFailure(code: string | undefined, { HOST, PORT }: Config): string | undefined {
  switch (code) {
    case 'EADDRINUSE':
      return `Port ${PORT} on ${HOST} is already in use by another program: stop it, or set PORT to a free one (PORT=0 picks one).`
    case 'EACCES':
      return `Port ${PORT} may not be opened by this account: set PORT to one above 1023.`
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `HOST is ${HOST}, which is not an address of this machine: set it to 127.0.0.1 (this machine only) or 0.0.0.0 (every network).`
    default:
      return undefined
  }
}

/** An origin that a person can open: "every address" is shown as this machine. */
function originOf(address: string, { HOST }: Config): string {
  const url = new URL(address)
  if (HOST === '0.0.0.0' || HOST === '::') url.hostname = '127.0.0.1'
  return url.origin
}
