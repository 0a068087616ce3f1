/**
 * The one table of what is audited: security events and administrative acts. docs/reference/audit.md is generated from it.
 */
export const AUDITED = {
  'account.registered': 'An account was made',
  'account.updated': 'A profile was changed',
  'account.login': 'Somebody signed in',
  'account.login_failed': 'A sign-in was refused',
  'account.password_changed': 'A password was changed',
  'account.administered': 'An administrator changed the role, the tier or the state of an account',
  'session.reused': 'A used refresh token came back; the session was ended',
  'session.revoked': 'A session was ended',
  'api_key.created': 'An API key was made',
  'api_key.revoked': 'An API key was revoked',
} as const satisfies Record<string, string>

/** An audited act. */
export type AuditedAction = keyof typeof AUDITED

/** From where a call comes: for sessions and the audit log. */
export interface Origin {
  requestId: string
  address: string
  userAgent?: string | undefined
}

/** A line of the audit log to write. Details hold no secret and no content. */
export interface AuditEntry {
  action: AuditedAction
  actorId?: string | undefined
  targetId?: string | undefined
  origin?: Origin | undefined
  details?: Record<string, unknown>
}
