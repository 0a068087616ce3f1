import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { AuthResult } from '../src/accounts/model.ts'
import {
  MfaCodeBody,
  MfaLoginBody,
  MfaStatus,
  PasswordBody,
  RecoveryCodes,
  TotpEnrolment,
} from '../src/accounts/model-factors.ts'
import { NoContent, problems, Ref } from '../src/contracts/http.ts'

const tags = ['auth']
const own = { auth: 'user', needs: 'own', limit: 'auth' } as const

/** The second factor: an authenticator app (TOTP) with recovery codes. */
const authMfaRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    '/api/auth/mfa',
    {
      config: { auth: 'user', needs: 'own', limit: 'read', scope: 'account:read' },
      schema: {
        tags,
        operationId: 'getMfa',
        summary: 'Your second factors',
        response: { 200: Ref(MfaStatus), ...problems(401) },
      },
    },
    (request) => app.mfa.status(request.actor),
  )

  app.post(
    '/api/auth/mfa/totp',
    {
      config: own,
      schema: {
        tags,
        operationId: 'enrolTotp',
        summary: 'Begin to set up an authenticator app',
        body: PasswordBody,
        response: { 201: Ref(TotpEnrolment), ...problems(401, 403, 409) },
      },
    },
    async (request, reply) => reply.code(201).send(await app.mfa.enrol(request.actor, request.body, request.origin)),
  )

  app.post(
    '/api/auth/mfa/totp/confirm',
    {
      config: own,
      schema: {
        tags,
        operationId: 'confirmTotp',
        summary: 'Turn the second factor on with the first code of the app',
        body: MfaCodeBody,
        response: { 200: Ref(RecoveryCodes), ...problems(401, 403, 409) },
      },
    },
    (request) => app.mfa.confirm(request.actor, request.body, request.origin),
  )

  app.post(
    '/api/auth/mfa/totp/disable',
    {
      config: own,
      schema: {
        tags,
        operationId: 'disableTotp',
        summary: 'Remove the authenticator app and its recovery codes',
        body: PasswordBody,
        response: { 204: NoContent, ...problems(401, 403, 404) },
      },
    },
    async (request, reply) => {
      await app.mfa.disable(request.actor, request.body, request.origin)
      return reply.code(204).send(null)
    },
  )

  app.post(
    '/api/auth/mfa/totp/recovery-codes',
    {
      config: own,
      schema: {
        tags,
        operationId: 'renewRecoveryCodes',
        summary: 'Replace all recovery codes',
        body: PasswordBody,
        response: { 200: Ref(RecoveryCodes), ...problems(401, 403, 404) },
      },
    },
    (request) => app.mfa.renewRecoveryCodes(request.actor, request.body, request.origin),
  )

  app.post(
    '/api/auth/mfa/totp/login',
    {
      config: { auth: 'public', limit: 'auth' },
      schema: {
        tags,
        operationId: 'loginMfa',
        summary: 'The second step of a sign-in: a code of the app, or a recovery code',
        body: MfaLoginBody,
        response: { 200: Ref(AuthResult), ...problems(401, 403) },
      },
    },
    (request) => app.mfa.login(request.body, request.origin),
  )
}

export default authMfaRoutes
