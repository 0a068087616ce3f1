import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const HOLDER = fileURLToPath(new URL('../helpers/shutdown-holder.ts', import.meta.url))

type Scenario = {
  name: string
  args: string[]
  /** Sent one after the other, each with a pause in ms before it, once the process is ready. */
  signals: [NodeJS.Signals, number][]
  code: number
  says: string[]
  saysNot?: string[]
}

const scenarios: Scenario[] = [
  {
    name: 'a signal',
    args: ['clean'],
    signals: [['SIGTERM', 0]],
    code: 0,
    says: ['shutting down', 'draining', 'closed', 'flushed'],
  },
  {
    name: 'the same signal twice at once, as npm does it',
    args: ['clean'],
    signals: [
      ['SIGINT', 0],
      ['SIGINT', 0],
    ],
    code: 0,
    says: ['closed'],
    saysNot: ['told twice: ending without waiting'],
  },
  {
    name: 'a person who insists',
    args: ['patient'],
    signals: [
      ['SIGINT', 0],
      ['SIGINT', 1_200],
    ],
    code: 1,
    says: ['draining', 'told twice: ending without waiting', 'flushed'],
    saysNot: ['closing'],
  },
  { name: 'closing fails', args: ['failing'], signals: [['SIGTERM', 0]], code: 1, says: ['closing failed', 'flushed'] },
  {
    name: 'closing takes too long',
    args: ['stuck'],
    signals: [['SIGTERM', 0]],
    code: 1,
    says: ['closing took too long: ending without waiting'],
  },
  {
    name: 'a rejected promise does not end it',
    args: ['clean', 'rejection'],
    signals: [['SIGTERM', 100]],
    code: 0,
    says: ['a rejected promise was not handled', 'closed'],
  },
  {
    name: 'an exception that nobody caught does, after closing',
    args: ['clean', 'exception'],
    signals: [],
    code: 1,
    says: ['an exception was not caught: ending', 'closed', 'flushed'],
    saysNot: ['draining'],
  },
]

async function run({ args, signals }: Scenario) {
  const child = spawn(process.execPath, ['--import=tsx', HOLDER, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  const exited = once(child, 'close')
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  while (!output.includes('ready') && child.exitCode === null) await delay(10)
  for (const [signal, pause] of signals) {
    await delay(pause)
    child.kill(signal)
  }
  const [code] = await exited
  return { code, lines: output.trim().split('\n') }
}

t.test('ends of a process', async (t) => {
  const ends = await Promise.all(scenarios.map(run))
  for (const [index, { name, code, says, saysNot = [] }] of scenarios.entries()) {
    const end = ends[index]
    t.equal(end?.code, code, name)
    t.same(
      says.filter((line) => !end?.lines.includes(line)),
      [],
      `${name}: says ${says.join(', ')}`,
    )
    t.same(
      saysNot.filter((line) => end?.lines.includes(line)),
      [],
      `${name}: nothing else`,
    )
  }
})
