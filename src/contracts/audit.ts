/**
 * The one table of what is audited: security events and administrative acts. docs/reference/audit.md is generated from it.
 */
export const AUDITED = {
  'account.registered': 'An account was made',
  'account.updated': 'A profile was changed',
  'account.login': 'Somebody signed in',
  'account.login_failed': 'A sign-in was refused',
  'account.password_refused': 'Somebody who is signed in gave a wrong current password',
  'account.password_changed': 'A password was changed',
  'account.register_requested': 'Somebody asked for an account; it waits for the confirmation of its email',
  'account.verification_requested': 'Somebody asked for the confirmation of an email again',
  'account.email_verified': 'An email was confirmed',
  'account.email_change_requested': 'Somebody asked for another email',
  'account.email_changed': 'An email was changed',
  'account.reset_requested': 'Somebody asked for a new password by mail',
  'account.password_reset': 'A password was put by the link of a mail; all sessions were ended',
  'mfa.enabled': 'A second factor was set up',
  'mfa.disabled': 'A second factor was removed',
  'mfa.failed': 'A second factor was wrong',
  'mfa.locked': 'Second factors were wrong too often; none is looked at for a while',
  'mfa.recovery_code_used': 'A recovery code was used up',
  'mfa.recovery_codes_replaced': 'Recovery codes were made anew',
  'passkey.added': 'A passkey was added',
  'passkey.removed': 'A passkey was removed',
  'identity.linked': 'An identity of another provider was linked',
  'identity.unlinked': 'An identity of another provider was unlinked',
  'identity.refused': 'A sign-in at another provider failed',
  'account.administered': 'An administrator changed the role, the tier or the state of an account',
  'session.reused': 'A used refresh token came back; the session was ended',
  'session.revoked': 'A session was ended',
  'api_key.created': 'An API key was made',
  'api_key.revoked': 'An API key was revoked',
  'account.erased': 'An account and all that is kept of it was erased',
  'account.export_ordered': 'An archive of everything that is kept of somebody was ordered',
  'account.export_fetched': 'Such an archive was downloaded',
  'account.first_admin': 'The first administrator was made with the set-up link',
  'workspace.created': 'A workspace was made',
  'workspace.updated': 'A workspace was renamed',
  'workspace.deleted': 'A workspace was deleted; it can be restored for some time',
  'workspace.restored': 'A deleted workspace was restored',
  'workspace.purged': 'A deleted workspace was removed for good',
  'workspace.transferred': 'A workspace got another owner',
  'workspace.member_added': 'Somebody joined a workspace',
  'workspace.member_updated': 'The role of a member was changed',
  'workspace.member_removed': 'A member was removed, or left',
  'conversation.deleted': 'A conversation was deleted; it can be restored for some time',
  'conversation.restored': 'A deleted conversation was restored',
  'conversation.member_added': 'Somebody was added to a conversation',
  'conversation.member_removed': 'Somebody was removed from a conversation, or left',
  'invitation.created': 'Somebody was invited by email',
  'invitation.accepted': 'An invitation was accepted',
  'invitation.revoked': 'An invitation was taken back',
  'service_account.created': 'A service account was made',
  'service_account.updated': 'A service account was renamed, disabled, enabled or got another role',
  'service_account.deleted': 'A service account was deleted',
  'audit.exported': 'The audit log was exported',
  'secrets.reencrypted': 'An operator sealed the stored secrets with the newest key',
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
  /** In which workspace, where it was in one: its owner and admins see the line. */
  workspaceId?: string | undefined
  origin?: Origin | undefined
  details?: Record<string, unknown>
}
