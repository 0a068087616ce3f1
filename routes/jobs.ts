import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { IdParams, problems, Ref } from '../src/contracts/http.ts'
import { Job } from '../src/contracts/jobs.ts'
import { JobListQuery, JobPage } from '../src/jobs/model.ts'

const tags = ['jobs']
const read = { auth: 'user', limit: 'read', scope: 'jobs:read' } as const
const write = { auth: 'user', limit: 'write', scope: 'jobs:write' } as const

/** Background jobs: what goes on, and steering it. */
const jobRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const { service } = app.jobs

  app.get(
    '/api/jobs',
    {
      config: { ...read, needs: 'jobs:read' },
      schema: {
        tags,
        operationId: 'listJobs',
        summary: 'Your jobs, or those of a workspace, newest first',
        querystring: JobListQuery,
        response: { 200: JobPage, ...problems(401, 404) },
      },
    },
    (request) => service.list(request.actor, request.query),
  )

  app.get(
    '/api/jobs/:id',
    {
      config: { ...read, needs: 'jobs:read' },
      schema: {
        tags,
        operationId: 'getJob',
        summary: 'One job',
        params: IdParams,
        response: { 200: Ref(Job), ...problems(401, 404) },
      },
    },
    (request) => service.get(request.actor, request.params.id),
  )

  app.post(
    '/api/jobs/:id/cancel',
    {
      config: { ...write, needs: 'jobs:manage' },
      schema: {
        tags,
        operationId: 'cancelJob',
        summary: 'Cancel a job that waits or runs',
        params: IdParams,
        response: { 200: Ref(Job), ...problems(401, 403, 404, 409) },
      },
    },
    (request) => service.cancel(request.actor, request.params.id),
  )

  app.post(
    '/api/jobs/:id/retry',
    {
      config: { ...write, needs: 'jobs:manage' },
      schema: {
        tags,
        operationId: 'retryJob',
        summary: 'Start a failed or cancelled job again',
        params: IdParams,
        response: { 200: Ref(Job), ...problems(401, 403, 404, 409) },
      },
    },
    (request) => service.retry(request.actor, request.params.id),
  )
}

export default jobRoutes
