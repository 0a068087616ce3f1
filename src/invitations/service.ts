import { createHash, randomBytes } from 'node:crypto'
import type { AuditedAction, Origin } from '../contracts/audit.ts'
import { problem } from '../contracts/errors.ts'
import { idAfter } from '../contracts/list.ts'
import type { Actor, ConversationOperation, Operation, WorkspaceRole } from '../contracts/policy.ts'
import { audit } from '../db/audit.ts'
import type { Database } from '../db/database.ts'
import type { Tx } from '../db/transaction.ts'
import { toPage } from '../lib/cursor.ts'
import { newId } from '../lib/ids.ts'
import { type Letter, letter } from '../lib/letter.ts'
import type { AcceptedInvitation, Invitation, InvitationPreview } from './model.ts'
import { createInvitationRepository, type Place } from './repository.ts'

/** A member as the feature that has it describes it. */
interface Joining<Member> {
  join: (
    tx: Tx,
    actor: Actor,
    to: { id: string; userId: string; role: WorkspaceRole },
    origin?: Origin,
  ) => Promise<Member>
}

/** What invitations need from outside. `addMember` answers undefined for an email that nobody has. */
export interface InvitationsDeps<WorkspaceMember, ConversationMember> {
  db: Database
  workspaces: Joining<WorkspaceMember> & {
    get: (actor: Actor, id: string, operation: Operation) => Promise<unknown>
    addMember: (
      actor: Actor,
      id: string,
      input: { userId?: string; email?: string; role: 'admin' | 'member' | 'viewer' },
      origin?: Origin,
    ) => Promise<WorkspaceMember | undefined>
  }
  conversations: {
    access: (actor: Actor, id: string, operation: ConversationOperation) => Promise<unknown>
    addMember: (
      actor: Actor,
      id: string,
      input: { userId?: string; email?: string },
      origin?: Origin,
    ) => Promise<ConversationMember | undefined>
    join: (tx: Tx, actor: Actor, to: { id: string; userId: string }, origin?: Origin) => Promise<ConversationMember>
  }
  queueMail: (tx: Tx, mail: Letter & { kind: string; to: string }) => Promise<unknown>
  /** The page where an invitation is accepted. The token goes behind `#`: browsers send that to nobody. */
  acceptUrl: (token: string) => string
  /** Life in seconds. */
  ttl: number
}

const TOKEN_BYTES = 32
const hashOf = (token: string) => createHash('sha256').update(token).digest('hex')

/** Invitations by email: single use, expiring, and good only for whoever has that email. */
export function createInvitations<W, C>(deps: InvitationsDeps<W, C>) {
  const { db, workspaces, conversations, queueMail, acceptUrl, ttl } = deps
  const repository = createInvitationRepository(db)

  const demandManager = (actor: Actor, place: Place): Promise<unknown> =>
    'workspaceId' in place
      ? workspaces.get(actor, place.workspaceId, 'members:manage')
      : conversations.access(actor, place.conversationId, 'conversations:moderate')

  const note = (
    tx: Tx,
    action: AuditedAction,
    actor: Actor,
    place: Partial<Record<string, string | null>>,
    id: string,
    origin?: Origin,
  ) =>
    audit(tx.sql, {
      action,
      actorId: actor.userId,
      targetId: id,
      workspaceId: place.workspaceId ?? undefined,
      origin,
      details: place.conversationId ? { conversationId: place.conversationId } : {},
    })

  async function make(
    actor: Actor,
    place: Place,
    { email, role }: { email: string; role: WorkspaceRole | null },
    origin?: Origin,
  ): Promise<Invitation> {
    const token = randomBytes(TOKEN_BYTES).toString('base64url')
    const { inviter, place: name } = await repository.names(actor.userId, place)
    return db.transact(async (tx) => {
      const row = {
        id: newId(),
        place,
        email: email.trim(),
        role,
        tokenHash: hashOf(token),
        invitedBy: actor.userId,
        ttl,
      }
      const invitation = await repository.insert(tx, row)
      await note(tx, 'invitation.created', actor, place, invitation.id, origin)
      await queueMail(tx, {
        kind: 'invitation',
        to: invitation.email,
        ...letter({
          subject: `${inviter} invites you to ${name}`,
          paragraphs: [
            `${inviter} invites you to “${name}” on Parley.`,
            'Sign in or register with this email address to accept.',
          ],
          action: { label: 'Accept the invitation', url: acceptUrl(token) },
          footer: `The invitation is good once, until ${invitation.expiresAt}. If you do not know who this is, do nothing.`,
        }),
      })
      return invitation
    })
  }

  return {
    /** Adds whoever has that id or email to a workspace; an email that nobody has is invited. */
    async addToWorkspace(
      actor: Actor,
      id: string,
      input: { userId?: string; email?: string; role: 'admin' | 'member' | 'viewer' },
      origin?: Origin,
    ): Promise<{ member: W } | { invitation: Invitation }> {
      const member = await workspaces.addMember(actor, id, input, origin)
      if (member !== undefined) return { member }
      const { email = '', role } = input
      return { invitation: await make(actor, { workspaceId: id }, { email, role }, origin) }
    },

    /** Adds whoever has that id or email to a conversation; an email that nobody has is invited, as a guest. */
    async addToConversation(
      actor: Actor,
      id: string,
      input: { userId?: string; email?: string },
      origin?: Origin,
    ): Promise<{ member: C } | { invitation: Invitation }> {
      const member = await conversations.addMember(actor, id, input, origin)
      if (member !== undefined) return { member }
      return { invitation: await make(actor, { conversationId: id }, { email: input.email ?? '', role: null }, origin) }
    },

    /** Invites into a workspace, whether the email is registered or not. @throws CONFLICT for a member */
    async invite(
      actor: Actor,
      place: { workspaceId: string },
      input: { email: string; role: 'admin' | 'member' | 'viewer' },
      origin?: Origin,
    ): Promise<Invitation> {
      await demandManager(actor, place)
      if (await repository.isMember(input.email.trim(), place.workspaceId))
        throw problem('CONFLICT', { detail: 'Is a member already' })
      return make(actor, place, input, origin)
    },

    /** Open invitations of a place. */
    async list(actor: Actor, place: Place, query: { limit: number; cursor?: string | undefined }) {
      await demandManager(actor, place)
      const rows = await repository.list(place, query.limit, idAfter(query.cursor))
      return toPage([...rows], query.limit, (row) => [row.id])
    },

    /** @throws NOT_FOUND when it is not open any more, or of another place */
    async revoke(actor: Actor, place: Place, id: string, origin?: Origin): Promise<void> {
      await demandManager(actor, place)
      await db.transact(async (tx) => {
        if (!(await repository.revoke(tx, place, id))) throw problem('NOT_FOUND', { detail: 'No such invitation' })
        await note(tx, 'invitation.revoked', actor, place, id, origin)
      })
    },

    /** What an invitation is for. Whoever holds the token may know. @throws NOT_FOUND when it is not good (any more) */
    async preview(token: string): Promise<InvitationPreview> {
      const found = await repository.preview(hashOf(token))
      if (found === undefined) throw problem('NOT_FOUND', { detail: 'This invitation is not good, or not any more' })
      return found
    },

    /**
     * Accepts an invitation: once, and by whoever has the email it was sent to.
     * @throws NOT_FOUND when it is used up, expired, taken back, or meant for another; CONFLICT for a member
     */
    async accept(actor: Actor, token: string, origin?: Origin): Promise<AcceptedInvitation> {
      const email = (await repository.emailOf(actor.userId)) ?? ''
      return db.transact(async (tx) => {
        const found = await repository.take(tx, hashOf(token), email)
        if (found === undefined)
          throw problem('NOT_FOUND', { detail: 'This invitation is not good for you, or not any more' })
        const { workspaceId, conversationId, role } = found
        const to = { id: workspaceId ?? (conversationId as string), userId: actor.userId, role: role ?? 'viewer' }
        if (workspaceId === null) await conversations.join(tx, actor, to, origin)
        else await workspaces.join(tx, actor, to, origin)
        await note(tx, 'invitation.accepted', actor, { workspaceId, conversationId }, found.id, origin)
        return { workspaceId, conversationId }
      })
    },
  }
}

/** See {@link createInvitations}. */
export type Invitations<W, C> = ReturnType<typeof createInvitations<W, C>>
