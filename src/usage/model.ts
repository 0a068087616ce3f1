import Type, { type Static } from 'typebox'
import { Enum, Id, Nullable, Time } from '../contracts/http.ts'
import { TIERS } from '../contracts/policy.ts'

/** Query of the usage. */
export const UsageQuery = Type.Object(
  { workspaceId: Type.Optional({ ...Id, description: 'Whose storage; without: your personal workspace' }) },
  { additionalProperties: false },
)
export type UsageQuery = Static<typeof UsageQuery>

const bytes = (description: string) => Type.Integer({ minimum: 0, description })

/** What the caller may use, and how much of it is used. */
export const Usage = Type.Object(
  {
    tier: Enum(TIERS, { description: 'Your plan tier' }),
    storage: Type.Object(
      {
        workspaceId: Id,
        used: bytes('Bytes of the files of the workspace, those being uploaded included'),
        limit: bytes('Bytes that it may have, by the tier of its owner'),
      },
      { description: 'Of the workspace' },
    ),
    uploads: Type.Object({ maxFileBytes: bytes('The largest file that you may upload') }),
    assistantTokens: Type.Object(
      {
        used: Type.Integer({ minimum: 0, description: 'This month, with what replies being written have reserved' }),
        limit: Nullable(
          Type.Integer({ minimum: 0, description: 'Null where there is none: the built-in assistant costs nothing' }),
        ),
        resetsAt: Type.Unsafe<string>({ ...Time, description: 'When the next month begins' }),
      },
      { description: 'What the assistant may use on your behalf' },
    ),
    sockets: Type.Object({ limit: Type.Integer({ description: 'Your open WebSocket connections on one instance' }) }),
    requests: Type.Object({ factor: Type.Integer({ description: 'Your rate limits, in those of the free tier' }) }),
  },
  { $id: 'Usage', description: 'Limits by plan tier, and what is used of them' },
)
export type Usage = Static<typeof Usage>
