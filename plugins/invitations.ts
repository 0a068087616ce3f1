import fp from 'fastify-plugin'
import type { ConversationMember } from '../src/conversations/model.ts'
import { AcceptedInvitation, Invitation, InvitationPreview } from '../src/invitations/model.ts'
import { createInvitations, type Invitations } from '../src/invitations/service.ts'
import type { WorkspaceMember } from '../src/workspaces/model.ts'

declare module 'fastify' {
  interface FastifyInstance {
    invitations: Invitations<WorkspaceMember, ConversationMember>
  }
}

/** Invitations by email as `app.invitations`. */
export default fp(
  async (app) => {
    for (const schema of [Invitation, InvitationPreview, AcceptedInvitation]) app.addSchema(schema)
    const { PUBLIC_URL, HOST, PORT, INVITATION_TTL } = app.config
    const origin = (PUBLIC_URL ?? `http://${HOST}:${PORT}`).replace(/\/$/, '')
    app.decorate(
      'invitations',
      createInvitations({
        db: app.db,
        workspaces: app.workspaces,
        conversations: app.conversations,
        queueMail: app.mail.queue,
        acceptUrl: (token) => `${origin}/#invitation=${token}`,
        ttl: INVITATION_TTL,
      }),
    )
  },
  { name: 'invitations', dependencies: ['config', 'db', 'mailer', 'workspaces', 'conversations'] },
)
