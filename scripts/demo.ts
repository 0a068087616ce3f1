// The main job, end to end, through nothing but the public API: registers a user, opens a WebSocket, uploads a code base, waits for its
// analysis, asks a question and prints the streamed answer with its citations.
//   npm run demo                            on a server of its own, with Parley's own source
//   npm run demo -- --keep                  leaves the server running until Ctrl-C, to look around in the browser
//   npm run demo -- http://127.0.0.1:3000   on a running server
//   npm run demo -- --source ../my-project --ask "Where is the configuration read?"
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { WebSocket } from 'ws'
import { type Citation, createParley, type Parley } from '../sdk/index.ts'
import { packSources } from './demo/pack.ts'
import { type OwnServer, startServer } from './demo/server.ts'
import { createTerminal } from './demo/terminal.ts'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const LIMIT_MS = 150_000
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    keep: { type: 'boolean', default: false },
    source: { type: 'string', default: root },
    ask: { type: 'string', default: 'How are refresh tokens rotated, and what happens when one is used again?' },
  },
})
const terminal = createTerminal()
const began = performance.now()
let step = 'starting'

/** Runs one step and says how long it took; its name is the reason when something fails. */
async function during<T>(name: string, work: () => Promise<T>, tell: (result: T) => string): Promise<T> {
  step = name
  const start = performance.now()
  const result = await work()
  terminal.done(`${tell(result)} ${terminal.dim(`(${((performance.now() - start) / 1000).toFixed(1)} s)`)}`)
  return result
}

const mebibytes = (bytes: number) => `${(bytes / 1024 ** 2).toFixed(1)} MiB`
const place = ({ path, startLine, endLine }: Citation) =>
  `${path}:${startLine}${endLine > startLine ? `-${endLine}` : ''}`

async function signUp(parley: Parley) {
  const email = `demo-${Date.now().toString(36)}@example.com`
  const password = `demo ${crypto.randomUUID()}`
  await parley.auth.register({ email, password, name: 'Demo' })
  await new Promise<void>((opened, refused) => {
    const late = setTimeout(() => refused(new Error('the WebSocket did not open within 10 s')), 10_000)
    parley.socket.on('state', ({ state, code }) => {
      if (state === 'closed') refused(new Error(`the server refused the WebSocket (${code})`))
      if (state !== 'ready') return
      clearTimeout(late)
      opened()
    })
    parley.socket.open()
  })
  return { email, password }
}

async function upload(parley: Parley, folder: string) {
  const name = basename(resolve(folder))
  const packed = await packSources(folder)
  const bar = terminal.bar('Uploading')
  const stored = await parley.uploads.create(
    { name: `${name}.tar.gz`, data: packed.data },
    { onProgress: ({ sent, total }) => bar.set(sent / total, mebibytes(total)) },
  )
  bar.end()
  return { upload: stored, packed, name }
}

async function analyze(parley: Parley, uploadId: string, name: string) {
  const { job, source } = await parley.graph.analyze({ uploadIds: [uploadId], name })
  const bar = terminal.bar('Analysing')
  const finished = await parley.jobs.finished(job.id, ({ progress, phase }) => bar.set(progress, phase ?? ''))
  bar.end()
  const { nodes, edges } = finished.result as { nodes: number; edges: number }
  if (!(nodes > 0 && edges > 0)) throw new Error(`the graph is empty (${nodes} nodes, ${edges} edges)`)
  return { source, nodes, edges }
}

async function askAbout(parley: Parley, question: string): Promise<void> {
  step = 'asking'
  const conversation = await parley.conversations.create({ title: 'Demo' })
  terminal.line(`\n  You: ${question}\n`)
  const reply = parley.ask({ conversationId: conversation.id, content: question })
  terminal.piece('  Assistant: ')
  for await (const piece of reply) terminal.piece(piece.replaceAll('\n', '\n  '))
  const message = await reply.done
  terminal.line('\n')
  if (message.citations.length === 0) throw new Error('the answer has no citations')
  for (const [index, citation] of message.citations.entries()) terminal.line(`  [${index + 1}] ${place(citation)}`)
  terminal.line('')
  terminal.done(`answered with ${message.citations.length} citations`)
}

async function savePicture(parley: Parley, sourceId: string, folder: string): Promise<void> {
  const file = join(folder, 'graph.svg')
  const picture = await parley.graph.picture({ sourceId })
  if (picture.size === 0) throw new Error('the picture is empty')
  await writeFile(file, Buffer.from(await picture.arrayBuffer()))
  terminal.done(`picture of the graph: ${parley.graph.pictureUrl({ sourceId })}`)
  terminal.line(`  saved as ${file}`)
}

async function main(folder: string, own: OwnServer | undefined, url: string): Promise<void> {
  const parley = createParley({ url, WebSocket })
  try {
    const account = await during(
      'signing up',
      () => signUp(parley),
      ({ email }) => `registered ${email}, WebSocket open`,
    )
    const { upload: stored, name } = await during(
      'uploading',
      () => upload(parley, values.source),
      ({ packed }) =>
        `uploaded ${packed.files} files of ${mebibytes(packed.bytes)}, packed to ${mebibytes(packed.data.size)}`,
    )
    const { source } = await during(
      'analysing',
      () => analyze(parley, stored.id, name),
      ({ nodes, edges }) => `analysed: ${nodes.toLocaleString('en')} nodes, ${edges.toLocaleString('en')} edges`,
    )
    await askAbout(parley, values.ask)
    step = 'drawing the graph'
    await savePicture(parley, source.id, folder)
    terminal.line(`\nDone in ${((performance.now() - began) / 1000).toFixed(1)} s.`)
    if (!own || !values.keep) return
    terminal.line(`\nThe server runs at ${url} until Ctrl-C. Sign in as ${account.email} with: ${account.password}`)
    step = 'running'
    await new Promise(() => {})
  } finally {
    parley.close()
  }
}

const folder = await mkdtemp(join(tmpdir(), 'parley-demo-'))
// The database server of a demo run by root belongs to another user, who must get into the folder.
await chmod(folder, 0o755)
let own: OwnServer | undefined

async function leave(code: number, reason?: string): Promise<never> {
  if (reason) terminal.failed(`${step}: ${reason}`)
  await own?.stop()
  await rm(join(folder, 'data'), { recursive: true, force: true, maxRetries: 3 }).catch(() => {})
  process.exit(code)
}

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void leave(step === 'running' ? 0 : 130))
const late = setTimeout(() => void leave(1, `not done after ${LIMIT_MS / 1000} s`), LIMIT_MS)

try {
  const given = positionals[0]
  if (!given) {
    own = await during(
      'starting the server',
      () => startServer(root, folder),
      ({ url }) => `server ready at ${url}`,
    )
  }
  const url = given ?? own?.url ?? ''
  if (values.keep) clearTimeout(late)
  await main(folder, own, url)
  await leave(0)
} catch (error) {
  await leave(1, error instanceof Error ? error.message : String(error))
}
