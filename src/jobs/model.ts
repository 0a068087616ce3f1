import Type, { type Static } from 'typebox'
import { Enum, Id, ListQuery, Page, Ref } from '../contracts/http.ts'
import { JOB_STATES, JOBS, Job, type JobName } from '../contracts/jobs.ts'

const NAMES = Object.keys(JOBS) as JobName[]

/** Query of the list of jobs. */
export const JobListQuery = Type.Object(
  {
    ...ListQuery.properties,
    state: Type.Optional(Enum(JOB_STATES, { description: 'Only jobs in this state' })),
    name: Type.Optional(Enum(NAMES, { description: 'Only jobs of this kind' })),
    workspaceId: Type.Optional({ ...Id, description: 'All jobs of this workspace instead of your own' }),
  },
  { additionalProperties: false },
)
export type JobListQuery = Static<typeof JobListQuery>

/** A page of jobs, newest first. */
export const JobPage = Page(Ref(Job))
export type JobPage = Static<typeof JobPage>
