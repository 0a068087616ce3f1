import type { JobDefinition } from '../contracts/jobs.ts'
import {
  type Actor,
  type ConversationOperation,
  demand,
  type Operation,
  type WorkspaceRole,
} from '../contracts/policy.ts'
import type { JobRow } from './repository.ts'

/** What the rights of jobs are looked up with. */
export interface JobRightsOptions {
  roleIn: (actor: Actor, workspaceId: string) => Promise<WorkspaceRole | undefined>
  /** Demands that somebody may do something in a conversation. @throws NOT_FOUND, FORBIDDEN */
  demandInConversation: (actor: Actor, conversationId: string, operation: ConversationOperation) => Promise<unknown>
}

/** Demands that the submitter of a job may still do what it needs. @throws NOT_FOUND, FORBIDDEN */
export type JobRights = (
  actor: Actor,
  needs: JobDefinition['needs'],
  row: Pick<JobRow, 'data' | 'workspaceId'>,
) => Promise<void>

/** Looks at the rights of whoever submitted a job again, when it runs (OWASP ASVS 8.3.3): what was allowed then may have been taken away. */
export function createJobRights({ roleIn, demandInConversation }: JobRightsOptions): JobRights {
  return async (actor, needs, { data, workspaceId }) => {
    if (needs === 'own' || needs === 'server') return
    const { conversationId } = data as { conversationId?: string }
    if (conversationId !== undefined) await demandInConversation(actor, conversationId, needs as ConversationOperation)
    else demand(workspaceId === null ? undefined : await roleIn(actor, workspaceId), needs as Operation)
  }
}
