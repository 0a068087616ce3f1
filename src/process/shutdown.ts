import { setTimeout as delay } from 'node:timers/promises'
import { EXIT } from './exit.ts'

/** What a shutdown has to deal with. */
export type ShutdownInput = {
  /** Turns readiness to 503, so that load balancers stop sending. */
  drain(): void
  /** Milliseconds of normal service after that. */
  drainDelayMs: number
  /** Ends everything. */
  close(): Promise<void>
  log: { info(fields: object, message: string): void; error(fields: object, message: string): void; flush?(): void }
}

/** After the delay; together with it well inside the ten seconds that service managers grant. */
const CLOSE_LIMIT_MS = 4_500
/** Ctrl-C reaches a process twice when npm started it; only a later second signal is a person who insists. */
const SECOND_SIGNAL_AFTER_MS = 1_000

/** Ends the process on SIGTERM and SIGINT: drain, then close, exit 0. A second signal, or too slow a close, ends it at once (exit 1). */
export function handleSignals(input: ShutdownInput): void {
  let begun = 0
  const onSignal = (signal: NodeJS.Signals) => {
    if (begun === 0) {
      begun = Date.now()
      input.log.info({ signal, drainDelayMs: input.drainDelayMs }, 'shutting down')
      void shutdown(input).then((code) => leave(input, code))
    } else if (Date.now() - begun > SECOND_SIGNAL_AFTER_MS) {
      input.log.error({ signal }, 'told twice: ending without waiting')
      leave(input, EXIT.failed)
    }
  }
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)
  process.on('unhandledRejection', (err) => input.log.error({ err }, 'a rejected promise was not handled'))
  process.on('uncaughtException', (err) => {
    input.log.error({ err }, 'an exception was not caught: ending')
    void finish(input).finally(() => leave(input, EXIT.failed))
  })
}

async function shutdown(input: ShutdownInput): Promise<number> {
  input.drain()
  await delay(input.drainDelayMs)
  return finish(input)
}

async function finish(input: ShutdownInput): Promise<number> {
  const late = delay(CLOSE_LIMIT_MS, 'late' as const, { ref: false })
  const closed = input.close().then(
    () => EXIT.ok,
    (err: unknown) => {
      input.log.error({ err }, 'closing failed')
      return EXIT.failed
    },
  )
  const outcome = await Promise.race([closed, late])
  if (outcome !== 'late') return outcome
  input.log.error({ limitMs: CLOSE_LIMIT_MS }, 'closing took too long: ending without waiting')
  return EXIT.failed
}

function leave(input: ShutdownInput, code: number): never {
  input.log.flush?.()
  process.exit(code)
}
