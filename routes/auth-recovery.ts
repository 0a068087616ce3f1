import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import {
  ChangeEmailBody,
  EmailBody,
  MailMaybeSent,
  MailTokenBody,
  ResetPasswordBody,
  VerifiedEmail,
} from '../src/accounts/model-recovery.ts'
import { NoContent, problems, Ref } from '../src/contracts/http.ts'

const tags = ['auth']
const ACCEPTED = { status: 'accepted' as const, detail: 'If there is something to do, a mail is on its way' }

/** Emails and forgotten passwords: what is done by the links of mails. */
const authRecoveryRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.post(
    '/api/auth/email/verify',
    {
      config: { auth: 'public', limit: 'auth' },
      schema: {
        tags,
        operationId: 'verifyEmail',
        summary: 'Confirm an email by the link of a mail',
        body: MailTokenBody,
        response: { 200: Ref(VerifiedEmail), ...problems(409) },
      },
    },
    (request) => app.emails.verify(request.body.token, request.origin),
  )

  app.post(
    '/api/auth/email/resend',
    {
      config: { auth: 'public', limit: 'auth' },
      schema: {
        tags,
        operationId: 'resendVerification',
        summary: 'Ask for the confirmation mail again; answers the same for every address',
        body: EmailBody,
        response: { 202: Ref(MailMaybeSent), ...problems() },
      },
    },
    async (request, reply) => {
      await app.emails.resend(request.body.email.trim(), request.origin)
      return reply.code(202).send(ACCEPTED)
    },
  )

  app.post(
    '/api/auth/email/change',
    {
      config: { auth: 'user', needs: 'own', limit: 'auth' },
      schema: {
        tags,
        operationId: 'changeEmail',
        summary: 'Use another email, once its owner has confirmed it; answers the same for every address',
        body: ChangeEmailBody,
        response: { 202: Ref(MailMaybeSent), ...problems(401, 403) },
      },
    },
    async (request, reply) => {
      await app.emails.change(request.actor, request.body, request.origin)
      return reply.code(202).send(ACCEPTED)
    },
  )

  app.post(
    '/api/auth/password/forgot',
    {
      config: { auth: 'public', limit: 'auth' },
      schema: {
        tags,
        operationId: 'forgotPassword',
        summary: 'Ask for a link to choose a new password; answers the same for every address',
        body: EmailBody,
        response: { 202: Ref(MailMaybeSent), ...problems() },
      },
    },
    async (request, reply) => {
      await app.passwordReset.forgot(request.body.email.trim(), request.origin)
      return reply.code(202).send(ACCEPTED)
    },
  )

  app.post(
    '/api/auth/password/reset',
    {
      config: { auth: 'public', limit: 'auth' },
      schema: {
        tags,
        operationId: 'resetPassword',
        summary: 'Choose a new password by the link of a mail; ends all sessions and signs nobody in',
        body: ResetPasswordBody,
        response: { 204: NoContent, ...problems() },
      },
    },
    async (request, reply) => {
      await app.passwordReset.reset(request.body, request.origin)
      return reply.code(204).send(null)
    },
  )
}

export default authRecoveryRoutes
