import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems, Ref } from '../src/contracts/http.ts'
import { AcceptedInvitation, InvitationPreview, InvitationTokenBody } from '../src/invitations/model.ts'

const tags = ['workspaces']

/** Invitations from the side of whoever got one. They are made with the members of workspaces and conversations. */
const invitationRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.post(
    '/api/invitations/preview',
    {
      config: { auth: 'public', limit: 'auth' },
      schema: {
        tags,
        operationId: 'previewInvitation',
        summary: 'What an invitation is for, before accepting it',
        body: InvitationTokenBody,
        response: { 200: Ref(InvitationPreview), ...problems(404) },
      },
    },
    (request) => app.invitations.preview(request.body.token),
  )

  app.post(
    '/api/invitations/accept',
    {
      config: { auth: 'user', needs: 'own', limit: 'auth' },
      schema: {
        tags,
        operationId: 'acceptInvitation',
        summary: 'Accept an invitation that was sent to your email; it is good once',
        body: InvitationTokenBody,
        response: { 200: Ref(AcceptedInvitation), ...problems(401, 403, 404, 409) },
      },
    },
    (request) => app.invitations.accept(request.actor, request.body.token, request.origin),
  )
}

export default invitationRoutes
