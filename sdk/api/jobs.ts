import { ParleyError } from '../errors.ts'
import type { Page } from '../http/pages.ts'
import type { Http } from '../http/request.ts'
import type { Socket } from '../socket/index.ts'
import { createStream } from '../stream.ts'
import type { Job } from '../types.ts'
import type { ListOptions } from './conversations.ts'

const OVER = new Set(['completed', 'failed', 'cancelled'])
/** Milliseconds between two tries to read a job while the server is away. */
const RETRY_MS = 1000
const isPassing = (error: unknown): boolean =>
  error instanceof ParleyError && (error.code === 'NETWORK' || error.code === 'TIMEOUT' || error.status === 503)

/** Background jobs. */
export function jobsApi(http: Http, socket: Socket) {
  const get = (id: string) => http.json<Job>('GET', `/api/jobs/${id}`)

  /** Yields the job whenever it moved, and last in its final state. Uses the socket; after a loss it reads the job again. */
  function watch(id: string): AsyncIterableIterator<Job> {
    const topic = socket.subscribe(`job:${id}`)
    const stream = createStream<Job>(() => close())
    let last: Job | undefined
    let again: ReturnType<typeof setTimeout> | undefined
    const offs = [
      socket.on('job', (frame) => frame.id === id && show(frame)),
      socket.on('state', ({ state }) => state === 'ready' && refresh()),
      () => clearTimeout(again),
    ]
    let over = false
    const close = () => {
      over = true
      for (const off of offs) off()
      topic.close()
    }
    const show = (change: Partial<Job>) => {
      const job = { ...last, ...change } as Job
      if (last && job.progress < last.progress) return
      last = job
      // The final frame may be short: the record has the result or the error.
      if (OVER.has(job.state)) refresh()
      else stream.push(job)
    }
    const finish = (job: Job) => {
      close()
      stream.push(job)
      stream.end()
    }
    const fail = (error: unknown) => {
      close()
      stream.fail(error)
    }
    /** A server that is away for a moment has not lost the job: it is asked again. */
    const refresh = () => {
      clearTimeout(again)
      get(id).then(
        (job) => over || (OVER.has(job.state) ? finish(job) : show(job)),
        (error) => {
          if (over) return
          if (isPassing(error)) again = setTimeout(refresh, RETRY_MS)
          else fail(error)
        },
      )
    }
    topic.on('event', (event) => {
      const data = event.data as Partial<Job> | null
      if (data && 'state' in data) show(data)
    })
    topic.on('reset', refresh)
    topic.ready.then(refresh, fail)
    return stream
  }

  return {
    get,
    list: (query: ListOptions = {}) => http.json<Page<Job>>('GET', '/api/jobs', { query }),
    cancel: (id: string) => http.json<Job>('POST', `/api/jobs/${id}/cancel`),
    retry: (id: string) => http.json<Job>('POST', `/api/jobs/${id}/retry`),
    watch,
    /** Waits for the end; throws JOB_FAILED with the job's own reason when it did not complete. */
    async finished(id: string, onChange?: (job: Job) => void): Promise<Job> {
      let last: Job | undefined
      for await (const job of watch(id)) {
        last = job
        onChange?.(job)
      }
      if (last?.state === 'completed') return last
      const reason = last?.error?.message ?? `the job is ${last?.state ?? 'unknown'}`
      throw new ParleyError({ code: 'JOB_FAILED', message: reason })
    },
  }
}
