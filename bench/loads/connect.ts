import { cpuSeconds } from '../lib/proc.ts'
import type { Bench, SocketTarget } from '../lib/target.ts'
import { busyRemarks, note, type Samples, type SocketLoad, tables } from './room.ts'

const CONNECTIONS = 1_000
/** Openings of one measurement: the processor's time is counted in hundredths of a second. */
const TIMES = 5

async function measure(bench: Bench, target: SocketTarget): Promise<Record<string, number>> {
  const { path, protocols, sign: steps, server } = target
  let [opening, cpu, busy] = [0, 0, 0]
  for (let time = 0; time < TIMES; time++) {
    const before = cpuSeconds(server.pid)
    const { seconds, generatorBusy } = await bench.generator.run({
      kind: 'socket',
      action: 'open',
      ports: [server.port],
      path,
      protocols,
      connections: CONNECTIONS,
      steps,
    })
    cpu += cpuSeconds(server.pid) - before
    opening += seconds
    busy += generatorBusy
    await bench.generator.run({ kind: 'socket', action: 'close' })
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  const connections = CONNECTIONS * TIMES
  return { perSecond: connections / opening, cpuMicros: (cpu / connections) * 1e6, generatorBusy: busy / TIMES }
}

/** From the dial to "authenticated", a thousand times, fifty at a time. */
export const connect: SocketLoad = async (bench, starts) => {
  const rounds = Math.min(5, bench.rounds)
  const samples: Record<string, Samples> = {}
  const targets: [string, SocketTarget][] = []
  try {
    for (const [name, start] of Object.entries(starts)) targets.push([name, await start()])
    for (const [, target] of targets) await measure(bench, target)
    for (let round = 0; round < rounds; round++) {
      for (const [name, target] of round % 2 === 0 ? targets : [...targets].reverse())
        note(samples, name, await measure(bench, target))
    }
  } finally {
    for (const [, target] of targets) await target.server.stop()
  }
  return {
    load: 'connect',
    title: 'Connect and authenticate',
    about: `${CONNECTIONS} connections, 50 at a time, ${TIMES} times over, from the dial to the frame that says "authenticated". Bare ws authenticates nobody; Parley verifies the token, looks its session up and counts the user's connections.`,
    ...tables(
      samples,
      [
        { key: 'perSecond', title: 'connections/s', digits: 0 },
        { key: 'cpuMicros', title: 'server CPU µs/connection', digits: 0 },
      ],
      [
        { key: 'cpuMicros', title: 'CPU/connection', a: 'Parley', b: 'ws', figure: { atMost: 1.6 } },
        { key: 'perSecond', title: 'connections/s', a: 'Parley', b: 'Socket.IO', figure: { atLeast: 2 } },
      ],
    ),
    rounds,
    remarks: busyRemarks(samples),
  }
}
