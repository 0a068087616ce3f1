import { performance } from 'node:perf_hooks'
import { WebSocket } from 'ws'
import { archiveOf, type Body } from '../lib/bodies.ts'
import { cpuSeconds, peakResidentBytes, postgresCpuSeconds } from '../lib/proc.ts'
import type { ServerProcess } from '../lib/processes.ts'
import type { Bench } from '../lib/target.ts'
import { type Client, client, environment, register, run } from './parley-process.ts'

/** One analysis: from the order to the end of its job. */
export interface Analysed {
  sourceId: string
  seconds: number
  /** CPU of the server's processes, and of PostgreSQL. */
  cpu: number
  databaseCpu: number
  /** Most that the server held in memory so far, MiB. */
  peak: number
  nodes: number
  edges: number
  files: number
}

/** A started Parley of one user. */
export interface GraphTarget {
  server: ServerProcess
  token: string
  call: Client
  /** Uploads a body and analyses it: as a new source, or the next revision of one. */
  analyse(body: Body, sourceId?: string): Promise<Analysed>
  /** Uploads a body; its id. */
  upload(body: Body): Promise<string>
  /** Orders an analysis; resolves with its end. */
  order(uploadId: string, sourceId?: string): Promise<Analysed>
}

interface Ordered {
  job: { id: string }
  source: { id: string }
}

interface Job {
  state: string
  result?: { nodes: number; edges: number; files: number }
  error?: { message: string }
}

let counter = 0

/** Waits for the ends of a user's jobs as a client does, over a socket: asking again and again would be work of its own. */
async function followJobs(port: number, token: string, userId: string) {
  const states = new Map<string, string>()
  const waiting = new Map<string, () => void>()
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`, ['parley.v1', `bearer.${token}`])
  const isOver = (id: string) => !['queued', 'active', undefined].includes(states.get(id))
  await new Promise<void>((resolve, reject) => {
    socket.on('error', reject)
    socket.on('open', () => socket.send(JSON.stringify({ type: 'subscribe', topic: `user:${userId}` })))
    socket.on('message', (data) => {
      for (const frame of [JSON.parse(data.toString())].flat() as { type: string; id: string; state: string }[]) {
        if (frame.type === 'subscribed') resolve()
        if (frame.type !== 'job') continue
        states.set(frame.id, frame.state)
        if (isOver(frame.id)) waiting.get(frame.id)?.()
      }
    })
  })
  return async (id: string) => {
    if (isOver(id)) return
    await new Promise<void>((resolve) => void waiting.set(id, resolve))
  }
}

/** Starts the built Parley on a database of its own. */
export async function startParleyGraph(bench: Bench, script: string): Promise<GraphTarget> {
  counter++
  const name = `parley_graph_${counter}`
  const env = { ...environment(bench, await bench.postgres.database(name)), ANALYSIS_TIME_LIMIT: '300' }
  const server = await run(bench, script, env, process.env.BENCH_NODE_ARGS?.split(' ') ?? [])
  const call = client(server.port)
  const { accessToken: token, user } = await register(call, 'bench')
  const untilOver = await followJobs(server.port, token, user.id)

  async function upload(body: Body): Promise<string> {
    const form = new FormData()
    form.append('file', new Blob([await archiveOf(body)]), 'body.tar.gz')
    const response = await fetch(`http://127.0.0.1:${server.port}/api/uploads`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      body: form,
    })
    if (!response.ok) throw new Error(`the upload answered ${response.status}: ${await response.text()}`)
    return ((await response.json()) as { id: string }).id
  }

  async function ended(id: string): Promise<Job> {
    await untilOver(id)
    const job = await call<Job>(`/api/jobs/${id}`, { token })
    if (job.state !== 'completed') throw new Error(`the analysis ${job.state}: ${job.error?.message}`)
    return job
  }

  async function order(uploadId: string, sourceId?: string): Promise<Analysed> {
    const cpuBefore = cpuSeconds(server.pid)
    const databaseBefore = postgresCpuSeconds(bench.postgres.pid)
    const began = performance.now()
    const body = { uploadIds: [uploadId], ...(sourceId === undefined ? {} : { sourceId }) }
    const { job, source } = await call<Ordered>('/api/analyze', { token, body })
    const { result } = await ended(job.id)
    return {
      sourceId: source.id,
      seconds: (performance.now() - began) / 1_000,
      cpu: cpuSeconds(server.pid) - cpuBefore,
      databaseCpu: postgresCpuSeconds(bench.postgres.pid) - databaseBefore,
      peak: peakResidentBytes(server.pid) / 1_048_576,
      nodes: result?.nodes ?? 0,
      edges: result?.edges ?? 0,
      files: result?.files ?? 0,
    }
  }

  return {
    server,
    token,
    call,
    upload,
    order,
    analyse: async (body, sourceId) => order(await upload(body), sourceId),
  }
}
