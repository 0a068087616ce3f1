import { problem } from './errors.ts'

/** Server roles. An admin administers users; it is not a member of anybody's workspace by that. */
export type ServerRole = 'user' | 'admin'
/** Plan tiers, lowest first. */
export const TIERS = ['free', 'premium', 'enterprise'] as const
/** A plan tier. */
export type Tier = (typeof TIERS)[number]
/** What a plan tier allows. Factors multiply what the configuration grants the free tier. */
export interface TierLimits {
  /** Factor on the RATE_LIMIT_* keys. */
  requests: number
  /** Factor on UPLOAD_MAX_BYTES, by the tier of whoever uploads. */
  uploadBytes: number
  /** Factor on WORKSPACE_MAX_BYTES, by the tier of the workspace's owner. */
  storage: number
  /** Factor on ASSISTANT_MONTHLY_TOKENS, by the tier of whoever asks. */
  assistantTokens: number
  /** Open WebSocket connections of one user, on one instance. */
  sockets: number
}
/** The one table of what plan tiers allow. */
export const TIER_LIMITS: Record<Tier, TierLimits> = {
  free: { requests: 1, uploadBytes: 1, storage: 1, assistantTokens: 1, sockets: 50 },
  premium: { requests: 5, uploadBytes: 4, storage: 10, assistantTokens: 10, sockets: 100 },
  enterprise: { requests: 20, uploadBytes: 16, storage: 100, assistantTokens: 100, sockets: 500 },
}
/** By how much the rate limits of a tier exceed those of the free one. */
export const TIER_FACTOR: Record<Tier, number> = {
  free: TIER_LIMITS.free.requests,
  premium: TIER_LIMITS.premium.requests,
  enterprise: TIER_LIMITS.enterprise.requests,
}
/** Roles within a workspace, highest first. */
export const WORKSPACE_ROLES = ['owner', 'admin', 'member', 'viewer'] as const
/** A role within a workspace. */
export type WorkspaceRole = (typeof WORKSPACE_ROLES)[number]

/** Who acts: a user, through a session or an API key. Made by the auth plugin (or a job), never by a client. */
export interface Actor {
  userId: string
  role: ServerRole
  tier: Tier
  sessionId?: string
  /** Only with an API key: which. */
  keyId?: string
  /** Only with an API key: what it may do. Absent means everything its user may. */
  scopes?: readonly string[]
  /** Only a service account: the owner of its workspace, whose tier it has and whose allowances it uses. */
  payerId?: string
}

/** Whose allowances somebody uses: the own ones; a service account's are those of the owner of its workspace. */
export const payerOf = ({ userId, payerId }: Pick<Actor, 'userId' | 'payerId'>): string => payerId ?? userId

/** What can be done with the installation as a whole, and the server roles that may. */
export const SERVER_POLICY = {
  'users:administer': ['admin'],
  'audit:read-all': ['admin'],
} as const satisfies Record<string, readonly ServerRole[]>
/** An operation of {@link SERVER_POLICY}. */
export type ServerOperation = keyof typeof SERVER_POLICY

/** Demands that somebody may do something with the installation. @throws FORBIDDEN */
export function demandServer(actor: Actor, operation: ServerOperation): void {
  const roles: readonly ServerRole[] = SERVER_POLICY[operation]
  if (!roles.includes(actor.role)) throw problem('FORBIDDEN', { detail: 'For administrators only' })
}

/** What can be done within a workspace, and the roles that may. The single place for it, whatever the surface. */
export const WORKSPACE_POLICY = {
  'workspace:read': ['owner', 'admin', 'member', 'viewer'],
  'workspace:update': ['owner', 'admin'],
  'workspace:delete': ['owner'],
  'members:read': ['owner', 'admin', 'member', 'viewer'],
  'members:manage': ['owner', 'admin'],
  'workspace:transfer': ['owner'],
  'service-accounts:manage': ['owner', 'admin'],
  'audit:read': ['owner', 'admin'],
  'conversations:read': ['owner', 'admin', 'member', 'viewer'],
  'conversations:write': ['owner', 'admin', 'member'],
  'conversations:moderate': ['owner', 'admin'],
  'uploads:read': ['owner', 'admin', 'member', 'viewer'],
  'uploads:write': ['owner', 'admin', 'member'],
  'graph:read': ['owner', 'admin', 'member', 'viewer'],
  'graph:write': ['owner', 'admin', 'member'],
  'graph:annotate': ['owner', 'admin', 'member'],
  'graph:moderate': ['owner', 'admin'],
  'jobs:read': ['owner', 'admin', 'member', 'viewer'],
  'jobs:manage': ['owner', 'admin'],
} as const satisfies Record<string, readonly WorkspaceRole[]>

/** An operation of {@link WORKSPACE_POLICY}. */
export type Operation = keyof typeof WORKSPACE_POLICY

/** Scopes of API keys: `<resource>:read|write`. */
export const SCOPES = [
  'account:read',
  'account:write',
  'workspaces:read',
  'workspaces:write',
  'conversations:read',
  'conversations:write',
  'uploads:read',
  'uploads:write',
  'graph:read',
  'graph:write',
  'jobs:read',
  'jobs:write',
] as const
/** What an API key may be allowed. */
export type Scope = (typeof SCOPES)[number]

/** Whether a workspace role may do an operation. */
export const may = (role: WorkspaceRole, operation: Operation): boolean =>
  (WORKSPACE_POLICY[operation] as readonly WorkspaceRole[]).includes(role)

/**
 * Demands that a role may do an operation.
 * @param role the actor's role in the workspace; undefined when it is no member
 * @throws NOT_FOUND for outsiders (they must not learn that it exists), FORBIDDEN for a role too low
 */
export function demand(role: WorkspaceRole | undefined, operation: Operation, what = 'record'): WorkspaceRole {
  if (role === undefined) throw problem('NOT_FOUND', { detail: `No such ${what}` })
  if (!may(role, operation)) throw problem('FORBIDDEN', { detail: `Your role '${role}' may not do '${operation}'` })
  return role
}

/** Roles within a conversation. A guest comes from outside the workspace and sees nothing else of it. */
export const CONVERSATION_ROLES = ['owner', 'member', 'guest'] as const
/** A role within a conversation. */
export type ConversationRole = (typeof CONVERSATION_ROLES)[number]

/** What can be done within a conversation, and the conversation roles that may, whatever their role in the workspace. */
export const CONVERSATION_POLICY = {
  'conversations:read': ['owner', 'member', 'guest'],
  'conversations:write': ['owner', 'member', 'guest'],
  'conversations:update': ['owner', 'member'],
  'conversations:moderate': ['owner'],
} as const satisfies Record<string, readonly ConversationRole[]>
/** The workspace operation that allows the same without being a member of the conversation. */
const BY_WORKSPACE = {
  'conversations:read': 'conversations:read',
  'conversations:write': 'conversations:write',
  'conversations:update': 'conversations:write',
  'conversations:moderate': 'conversations:moderate',
} as const satisfies Record<ConversationOperation, Operation>
/** An operation on a conversation or its messages. */
export type ConversationOperation = keyof typeof CONVERSATION_POLICY

/**
 * What a route, frame, topic or job declares that it needs of the caller's role towards the record it works on, where that is not the caller's
 * own. `own`: it works on nothing but the caller's own things. Services demand it; test/promises/roles.test.ts asks every one as every role.
 */
export type Need = 'own' | Operation | ConversationOperation | ServerOperation

/** The standing of a user towards a conversation: by its workspace, by membership, by both, or none. */
export interface ConversationAccess {
  workspaceRole: WorkspaceRole | null
  memberRole: ConversationRole | null
}

/** Whether somebody with this standing may do an operation. */
export const mayInConversation = (
  { workspaceRole, memberRole }: ConversationAccess,
  operation: ConversationOperation,
): boolean =>
  (memberRole !== null && (CONVERSATION_POLICY[operation] as readonly ConversationRole[]).includes(memberRole)) ||
  (workspaceRole !== null && may(workspaceRole, BY_WORKSPACE[operation]))

/** The same as lists of the roles that suffice, for a statement that asks for the standing by itself. */
export const rolesInConversation = (operation: ConversationOperation) => ({
  workspace: [...WORKSPACE_POLICY[BY_WORKSPACE[operation]]] as WorkspaceRole[],
  member: [...CONVERSATION_POLICY[operation]] as ConversationRole[],
})

/**
 * Demands that a standing allows an operation.
 * @throws NOT_FOUND for outsiders, FORBIDDEN for a standing too low
 */
export function demandInConversation<A extends ConversationAccess>(
  access: A | undefined,
  operation: ConversationOperation,
  what = 'conversation',
): A {
  if (access === undefined || !mayInConversation(access, 'conversations:read')) {
    throw problem('NOT_FOUND', { detail: `No such ${what}` })
  }
  if (!mayInConversation(access, operation))
    throw problem('FORBIDDEN', { detail: `You may not do '${operation}' here` })
  return access
}

/**
 * Demands that the caller's API key, if it came with one, has a scope. Sessions may all that their user may.
 * @param scope undefined: nothing that a key could be allowed
 * @throws FORBIDDEN
 */
export function demandScope(actor: Actor, scope: Scope | undefined): void {
  if (actor.scopes === undefined) return
  if (scope === undefined) throw problem('FORBIDDEN', { detail: 'API keys cannot do this; sign in' })
  if (!actor.scopes.includes(scope)) throw problem('FORBIDDEN', { detail: `This API key lacks the scope '${scope}'` })
}
