import pino, { type DestinationStream, type Logger } from 'pino'
import type { Config } from '../config/schema.ts'

/** Where secrets could stand in what is logged; they are cut out. Bodies and headers are not logged at all. */
const SECRET_PATHS = [
  'password',
  'token',
  'accessToken',
  'refreshToken',
  'authorization',
  'cookie',
  '*.password',
  '*.token',
  '*.accessToken',
  '*.refreshToken',
  '*.authorization',
  '*.cookie',
]

/** Lines are gathered to writes of this size, or for 200 ms: each asynchronous write costs as much CPU as five lines. */
const WRITE_BYTES = 16 * 1024

/**
 * The logger: JSON lines with UTC times on standard output, written asynchronously, and to LOG_FILE with rotation where that is set.
 * @param destination instead of standard output, for tests
 */
export function createLogger(config: Config, destination?: DestinationStream): Logger {
  const options = {
    level: config.LOG_LEVEL,
    base: { service: 'parley' },
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths: SECRET_PATHS, censor: '[redacted]' },
  }
  if (destination !== undefined) return pino(options, destination)
  const stdout = pino.destination({
    dest: 1,
    sync: false,
    minLength: WRITE_BYTES,
    maxWrite: 4 * WRITE_BYTES,
    periodicFlush: 200,
  })
  if (config.LOG_FILE === undefined) return pino(options, stdout)
  const file = pino.transport({
    target: 'pino-roll',
    options: {
      file: config.LOG_FILE,
      size: config.LOG_ROTATE_SIZE,
      limit: { count: config.LOG_ROTATE_KEEP },
      mkdir: true,
    },
  })
  return pino(
    options,
    pino.multistream([
      { level: config.LOG_LEVEL as 'info', stream: stdout },
      { level: config.LOG_LEVEL as 'info', stream: file },
    ]),
  )
}
