import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { AuthResult } from '../src/accounts/model.ts'
import { PasswordBody, RecentBody } from '../src/accounts/model-factors.ts'
import {
  Passkey,
  PasskeyLoginBody,
  PasskeyOptions,
  Passkeys,
  RegisterPasskeyBody,
  RenamePasskeyBody,
} from '../src/accounts/model-passkeys.ts'
import { IdParams, NoContent, problems, Ref } from '../src/contracts/http.ts'

const tags = ['auth']
const own = { auth: 'user', needs: 'own', limit: 'auth' } as const
const open = { auth: 'public', limit: 'auth' } as const

/** Passkeys (WebAuthn): sign-in without a password. */
const authPasskeyRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    '/api/auth/passkeys',
    {
      config: { auth: 'user', needs: 'own', limit: 'read', scope: 'account:read' },
      schema: {
        tags,
        operationId: 'listPasskeys',
        summary: 'Your passkeys',
        response: { 200: Passkeys, ...problems(401) },
      },
    },
    (request) => app.passkeys.list(request.actor),
  )

  app.post(
    '/api/auth/passkeys/options',
    {
      config: own,
      schema: {
        tags,
        operationId: 'passkeyRegistrationOptions',
        summary: 'Options for the browser to make a passkey with',
        body: PasswordBody,
        response: { 200: Ref(PasskeyOptions), ...problems(401, 403, 409) },
      },
    },
    (request) => app.passkeys.registrationOptions(request.actor, request.body.currentPassword, request.origin),
  )

  app.post(
    '/api/auth/passkeys',
    {
      config: own,
      schema: {
        tags,
        operationId: 'registerPasskey',
        summary: 'Keep the passkey that the browser has made',
        body: RegisterPasskeyBody,
        response: { 201: Ref(Passkey), ...problems(401, 403, 409) },
      },
    },
    async (request, reply) =>
      reply.code(201).send(await app.passkeys.register(request.actor, request.body, request.origin)),
  )

  app.patch(
    '/api/auth/passkeys/:id',
    {
      config: own,
      schema: {
        tags,
        operationId: 'renamePasskey',
        summary: 'Rename a passkey',
        params: IdParams,
        body: RenamePasskeyBody,
        response: { 200: Ref(Passkey), ...problems(401, 403, 404) },
      },
    },
    (request) => app.passkeys.rename(request.actor, request.params.id, request.body.name),
  )

  app.delete(
    '/api/auth/passkeys/:id',
    {
      config: own,
      schema: {
        tags,
        operationId: 'removePasskey',
        summary: 'Remove a passkey',
        params: IdParams,
        body: RecentBody,
        response: { 204: NoContent, ...problems(401, 403, 404, 409) },
      },
    },
    async (request, reply) => {
      await app.passkeys.remove(request.actor, request.params.id, request.body?.currentPassword, request.origin)
      return reply.code(204).send(null)
    },
  )

  app.post(
    '/api/auth/passkeys/login/options',
    {
      config: open,
      schema: {
        tags,
        operationId: 'passkeyLoginOptions',
        summary: 'Options for the browser to sign in with a passkey; they name nobody',
        response: { 200: Ref(PasskeyOptions), ...problems() },
      },
    },
    () => app.passkeys.loginOptions(),
  )

  app.post(
    '/api/auth/passkeys/login',
    {
      config: open,
      schema: {
        tags,
        operationId: 'loginPasskey',
        summary: 'Sign in with the answer of a passkey',
        body: PasskeyLoginBody,
        response: { 200: Ref(AuthResult), ...problems(401, 403) },
      },
    },
    (request) => app.passkeys.login(request.body, request.origin),
  )
}

export default authPasskeyRoutes
