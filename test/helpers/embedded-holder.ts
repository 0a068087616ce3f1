// Started as a process of its own by the tests: holds an embedded PostgreSQL until it is killed. argv: data directory, "begin" to say
// so before the first start (for interrupting it).
import { EmbeddedPostgresError, startEmbeddedPostgres } from '../../src/db/embedded/index.ts'

const [dataDir = '', announce] = process.argv.slice(2)
const say = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`)
const info = () => {
  if (announce === 'begin') say({ begin: true })
}
try {
  const embedded = await startEmbeddedPostgres({ dataDir, log: { debug() {}, warn() {}, info } })
  say({ url: embedded.url, pid: embedded.pid() })
  setInterval(() => {}, 60_000)
} catch (error) {
  if (!(error instanceof EmbeddedPostgresError)) throw error
  say({ error: error.message, busy: error.busy })
  process.exitCode = 1
}
