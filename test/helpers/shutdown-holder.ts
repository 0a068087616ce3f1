// Started as a process of its own by the tests of shutting down. argv: how closing goes, and what happens meanwhile.
import { handleSignals } from '../../src/process/shutdown.ts'

const [closing = 'clean', trouble = 'none'] = process.argv.slice(2)
const say = (line: string) => process.stdout.write(`${line}\n`)

handleSignals({
  drain: () => say('draining'),
  drainDelayMs: closing === 'patient' ? 60_000 : 10,
  async close() {
    say('closing')
    if (closing === 'stuck') await new Promise(() => {})
    if (closing === 'failing') throw new Error('cannot close')
    say('closed')
  },
  log: { info: (_, message) => say(message), error: (_, message) => say(message), flush: () => say('flushed') },
})
setInterval(() => {}, 60_000)
if (trouble === 'rejection') void Promise.reject(new Error('nobody cares'))
if (trouble === 'exception') setTimeout(() => JSON.parse('{'), 10)
say('ready')
