import Type, { type Static } from 'typebox'
import { Enum, Id, ListQuery, Nullable, Page, Ref, Time } from '../contracts/http.ts'
import { Job } from '../contracts/jobs.ts'

const Count = Type.Integer({ minimum: 0 })
const RevisionNumber = Type.Integer({
  minimum: 0,
  description: 'Number of the analysis, from 1; 0 before the first is finished',
})

/** A named body of code or documents. */
export const Source = Type.Object(
  {
    id: Id,
    workspaceId: Id,
    name: Type.String({ examples: ['backend'] }),
    revision: RevisionNumber,
    nodes: Count,
    edges: Count,
    version: Type.Integer(),
    createdAt: Time,
    updatedAt: Time,
    analyzedAt: Type.Optional(Time),
  },
  { $id: 'Source', description: 'A named body of code or documents that is analysed' },
)
export type Source = Static<typeof Source>

/** One analysis of a source. */
export const Revision = Type.Object(
  {
    id: Id,
    sourceId: Id,
    revision: Nullable(Type.Integer({ minimum: 1, description: 'Null until it is completed' })),
    state: Enum(['queued', 'active', 'completed', 'failed']),
    uploadIds: Type.Array(Id),
    jobId: Nullable(Id),
    added: Type.Integer({ description: 'Nodes and edges that the revision before did not have' }),
    removed: Type.Integer(),
    changed: Type.Integer(),
    stats: Type.Optional(
      Type.Object(
        {
          files: Count,
          analysed: Count,
          lines: Count,
          bytes: Count,
          nodes: Count,
          edges: Count,
          passages: Count,
          unresolved: Count,
          notes: Count,
          skipped: Count,
          milliseconds: Count,
        },
        { additionalProperties: true },
      ),
    ),
    error: Type.Optional(Type.String()),
    createdAt: Time,
    finishedAt: Type.Optional(Time),
  },
  { $id: 'Revision', description: 'One analysis of a source' },
)
export type Revision = Static<typeof Revision>

/** How many nodes and edges a graph has. */
export interface SourceCounts {
  nodes: number
  edges: number
}

export const SourcePage = Page(Ref(Source))
export const RevisionPage = Page(Ref(Revision))

/** The order to analyse uploads. */
export const AnalyzeBody = Type.Object(
  {
    uploadIds: Type.Array(Id, { minItems: 1, maxItems: 100, uniqueItems: true }),
    sourceId: Type.Optional(Id),
    name: Type.Optional(Type.String({ minLength: 1, maxLength: 200, pattern: '\\S' })),
  },
  {
    additionalProperties: false,
    description: 'With `sourceId` the source gets a new revision whose files are those of the uploads',
  },
)
export type AnalyzeBody = Static<typeof AnalyzeBody>

export const Analysis = Type.Object({ job: Ref(Job), source: Ref(Source) })
export interface Analysis {
  job: Job
  source: Source
}

/** Query of the list of sources. */
export const SourceListQuery = Type.Object(
  { ...ListQuery.properties, workspaceId: Type.Optional(Id) },
  { additionalProperties: false },
)
export type SourceListQuery = Static<typeof SourceListQuery>
