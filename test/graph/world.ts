import { once } from 'node:events'
import { gzipSync } from 'node:zlib'
import type { FastifyInstance } from 'fastify'
import type { Job } from '../../src/contracts/jobs.ts'
import type { Person } from '../helpers/app.ts'
import { makeTar } from '../uploads/archives.ts'
import { fileForm } from '../uploads/form.ts'
import type { Files } from './tree.ts'

/** A tar.gz of some files. */
export const archiveOf = (files: Files): Buffer =>
  gzipSync(makeTar(Object.entries(files).map(([name, data]) => ({ name, data }))))

/** Uploads one file; its id. */
export async function upload(
  as: Person,
  name: string,
  content: Buffer | string,
  workspaceId?: string,
): Promise<string> {
  const { payload, headers } = fileForm(name, content)
  const url = workspaceId === undefined ? '/api/uploads' : `/api/uploads?workspaceId=${workspaceId}`
  const answer = await as.post(url, payload, headers)
  if (answer.statusCode !== 201) throw new Error(`the upload failed: ${answer.body}`)
  return answer.json<{ id: string }>().id
}

/** Waits until a job has ended, by its events. */
export async function ended(app: FastifyInstance, as: Person, id: string): Promise<Job> {
  const signal = AbortSignal.timeout(60_000)
  const changed = new EventTarget()
  app.events.on('job.updated', ({ data }) => {
    if ((data as Job).id === id) changed.dispatchEvent(new Event('change'))
  })
  for (;;) {
    const next = once(changed, 'change', { signal })
    next.catch(() => {})
    const job = (await as.get(`/api/jobs/${id}`)).json<Job>()
    if (job.state !== 'queued' && job.state !== 'active') return job
    await next
  }
}
