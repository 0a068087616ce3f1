import { type HttpOrder, runHttpLoad } from './lib/http-load.ts'
import { createSocketLoad, type SocketOrder } from './lib/socket-load.ts'

/**
 * The load generator: a process of its own, so that neither the harness nor a server shares its event loop. It takes
 * one order at a time by IPC and answers with `{ outcome }` or `{ error }`.
 */
type Order = HttpOrder | SocketOrder

const sockets = createSocketLoad()

process.on('message', (order: Order) => {
  const work = order.kind === 'http' ? runHttpLoad(order) : sockets.run(order)
  work.then(
    (outcome) => process.send?.({ outcome }),
    (error: unknown) => process.send?.({ error: error instanceof Error ? error.message : String(error) }),
  )
})
process.on('disconnect', () => process.exit(0))
