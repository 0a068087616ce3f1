import {
  CONVERSATION_POLICY,
  type ConversationOperation,
  may,
  mayInConversation,
  type Need,
  type Operation,
  type WorkspaceRole,
} from '../../src/contracts/policy.ts'

/** Roles in a workspace, lowest first. */
export const ROLES = ['viewer', 'member', 'admin', 'owner'] as const

/** Whether a role in the workspace is enough for what is needed, by the policy tables alone. */
export function allowed(role: WorkspaceRole, needs: Need): boolean {
  return needs in CONVERSATION_POLICY
    ? mayInConversation({ workspaceRole: role, memberRole: null }, needs as ConversationOperation)
    : may(role, needs as Operation)
}
