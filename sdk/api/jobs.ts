import { ParleyError } from '../errors.ts'
import type { Page } from '../http/pages.ts'
import type { Http } from '../http/request.ts'
import type { Socket } from '../socket/index.ts'
import { createStream } from '../stream.ts'
import type { Job } from '../types.ts'
import type { ListOptions } from './conversations.ts'

const OVER = new Set(['completed', 'failed', 'cancelled'])

/** Background jobs. */
export function jobsApi(http: Http, socket: Socket) {
  const get = (id: string) => http.json<Job>('GET', `/api/jobs/${id}`)

  /** Yields the job whenever it moved, and last in its final state. Uses the socket; after a loss it reads the job again. */
  function watch(id: string): AsyncIterableIterator<Job> {
    const topic = socket.subscribe(`job:${id}`)
    const stream = createStream<Job>(() => close())
    let last: Job | undefined
    const offs = [
      socket.on('job', (frame) => frame.id === id && show(frame)),
      socket.on('state', ({ state }) => state === 'ready' && refresh()),
    ]
    const close = () => {
      for (const off of offs) off()
      topic.close()
    }
    const show = (change: Partial<Job>) => {
      const job = { ...last, ...change } as Job
      if (last && (OVER.has(last.state) || job.progress < last.progress)) return
      last = job
      if (!OVER.has(job.state)) return stream.push(job)
      // The final frame may be short: the record has the result or the error.
      close()
      get(id).then((whole) => {
        stream.push(whole)
        stream.end()
      }, stream.fail)
    }
    const refresh = () => {
      get(id).then(show, stream.fail)
    }
    topic.on('event', (event) => {
      const data = event.data as Partial<Job> | null
      if (data && 'state' in data) show(data)
    })
    topic.on('reset', refresh)
    topic.ready.then(refresh, (error) => {
      close()
      stream.fail(error)
    })
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
