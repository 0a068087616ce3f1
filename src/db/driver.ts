import { readFileSync } from 'node:fs'
import { createRequire, Module } from 'node:module'
import { dirname, join } from 'node:path'
import type postgresModule from 'postgres'

type Correction = readonly [wrong: string, right: string]

const FORGET_BATCH: Correction = [
  'clearImmediate(nextWriteTimer)\n    if (socket) {',
  'clearImmediate(nextWriteTimer)\n    chunk = nextWriteTimer = null\n    if (socket) {',
]
/** connection.js: one connection of the pool. */
const CONNECTION: readonly Correction[] = [
  // A batch that was put off to the next turn finds no socket any more: it threw where nobody could catch it, and the process ended.
  [
    `const x = socket.write(chunk, fn)
    nextWriteTimer !== null && clearImmediate(nextWriteTimer)
    chunk = nextWriteTimer = null
    return x`,
    `const batch = chunk
    nextWriteTimer !== null && clearImmediate(nextWriteTimer)
    chunk = nextWriteTimer = null
    return socket ? socket.write(batch, fn) : true`,
  ],
  // The batch was cancelled and stayed: the next connection never wrote its first message, and its place in the pool was lost.
  FORGET_BATCH,
  [
    'clearImmediate(nextWriteTimer)\n    socket.removeListener',
    'clearImmediate(nextWriteTimer)\n    chunk = nextWriteTimer = null\n    socket.removeListener',
  ],
  // A statement on a closed connection was never answered.
  [
    'if (q.cancelled)\n      return\n',
    "if (!socket)\n      return queryError(q, Errors.connection('CONNECTION_CLOSED', options)), true\n\n    if (q.cancelled)\n      return\n",
  ],
  // A small packet after another one (the end of a COPY, the next statement) waited up to 40 ms for the acknowledgement of the first.
  [': new net.Socket()\n', ': new net.Socket().setNoDelay(true)\n'],
]
/** index.js: a transaction whose connection was lost went on with the next life of that connection, outside of any transaction. */
const INDEX: readonly Correction[] = [
  ['let savepoints = 0\n      , connection\n', 'let savepoints = 0\n      , connection\n      , lost\n'],
  ['connection.onclose = reject)', 'connection.onclose = (error) => { lost = error; reject(error) })'],
  [
    'q.catch(e => uncaughtError || (uncaughtError = e))\n',
    'q.catch(e => uncaughtError || (uncaughtError = e))\n        if (lost) return q.reject(lost)\n',
  ],
  // Idle connections were used in turn: a quiet server had as many cold sessions of PostgreSQL as the pool allows, instead of a warm one.
  ['return go(open.shift(), query)', 'return go(open.pop(), query)'],
]
/** queue.js: what is waiting, or idle, in order. */
const QUEUE: readonly Correction[] = [
  [
    '    shift: () => {',
    '    pop: () => {\n      const out = xs.pop()\n      if (index === xs.length) index = 0, xs = []\n      return out\n    },\n    shift: () => {',
  ],
]

const require = createRequire(import.meta.url)
const folder = dirname(require.resolve('postgres'))

/** Loads one file of the driver with its corrections. Throws when one does not fit: look whether that version needs it still. */
function load(name: string, corrections: readonly Correction[]): unknown {
  const path = join(folder, name)
  let source = readFileSync(path, 'utf8')
  for (const [wrong, right] of corrections) {
    if (!source.includes(wrong))
      throw new Error(`postgres/${name} is another version than the one that is corrected here`)
    source = source.replace(wrong, right)
  }
  const loaded = new Module(path) as Module & { _compile(source: string, path: string): void }
  loaded.filename = path
  require.cache[path] = loaded
  loaded._compile(source, path)
  loaded.loaded = true
  return loaded.exports
}

load('queue.js', QUEUE)
load('connection.js', CONNECTION)

/**
 * postgres.js 3.4.9 as it has to be for a server that outlives its database: with corrections of what happens when a connection is lost
 * (its issues 1066, 1154 and 1208, open at this version), and of which one is used. See docs/decisions/0005-postgres-driver.md. Import this, not 'postgres'.
 */
const postgres = load('index.js', INDEX) as typeof postgresModule

export default postgres
