import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import Type from 'typebox'
import { AuthResult } from '../src/accounts/model.ts'
import { MfaChallenge, PasswordBody, RecentBody } from '../src/accounts/model-factors.ts'
import {
  CallbackQuery,
  Identities,
  OAuthExchangeBody,
  OAuthStart,
  ProviderParams,
  SignInProviders,
} from '../src/accounts/model-oauth.ts'
import { IdParams, NoContent, problems, Ref } from '../src/contracts/http.ts'

const tags = ['auth']
const open = { auth: 'public', limit: 'auth' } as const
const own = { auth: 'user', needs: 'own', limit: 'auth' } as const

/** Sign-in with identity providers (OpenID Connect), and the identities that are linked to an account. */
const authOAuthRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    '/api/auth/oauth',
    {
      config: { auth: 'public', limit: 'read' },
      schema: {
        tags,
        operationId: 'listSignInProviders',
        summary: 'Identity providers to sign in with',
        response: { 200: SignInProviders, ...problems() },
      },
    },
    () => app.oauth.providers(),
  )

  app.post(
    '/api/auth/oauth/:provider/start',
    {
      config: open,
      schema: {
        tags,
        operationId: 'startOAuth',
        summary: 'Begin to sign in with a provider: answers where to send the browser',
        params: ProviderParams,
        response: { 200: Ref(OAuthStart), ...problems(404) },
      },
    },
    (request) => app.oauth.start(request.params.provider),
  )

  app.get(
    '/api/auth/oauth/:provider/callback',
    {
      config: open,
      schema: {
        tags,
        operationId: 'oauthCallback',
        summary:
          'Where providers send the browser back; leads to /account/oauth with a one-time code or an error in the fragment',
        params: ProviderParams,
        querystring: CallbackQuery,
        response: { 303: Type.Null({ description: 'To the page that exchanges the code' }), ...problems() },
      },
    },
    async (request, reply) => {
      const url = new URL(app.publicUrl + request.url)
      const { provider } = request.params
      const target = await app.oauth.callback(provider, request.query.state, url, request.origin)
      return reply.code(303).header('location', target).header('referrer-policy', 'no-referrer').send(null)
    },
  )

  app.post(
    '/api/auth/oauth/exchange',
    {
      config: open,
      schema: {
        tags,
        operationId: 'exchangeOAuth',
        summary: 'Sign in with the one-time code of the callback',
        body: OAuthExchangeBody,
        response: { 200: Ref(AuthResult), 202: Ref(MfaChallenge), ...problems(401, 403, 409) },
      },
    },
    async (request, reply) => {
      const result = await app.identities.login(request.body, request.origin)
      return 'mfaToken' in result ? reply.code(202).send(result) : reply.code(200).send(result)
    },
  )

  app.post(
    '/api/auth/oauth/:provider/link',
    {
      config: own,
      schema: {
        tags,
        operationId: 'startOAuthLink',
        summary: 'Begin to link an identity of a provider to your account',
        params: ProviderParams,
        body: PasswordBody,
        response: { 200: Ref(OAuthStart), ...problems(401, 403, 404) },
      },
    },
    ({ actor, params, body, origin }) => app.identities.startLink(actor, params.provider, body.currentPassword, origin),
  )

  app.post(
    '/api/auth/oauth/link',
    {
      config: own,
      schema: {
        tags,
        operationId: 'linkOAuth',
        summary: 'Link the identity of the callback’s one-time code to your account',
        body: OAuthExchangeBody,
        response: { 204: NoContent, ...problems(401, 403, 409) },
      },
    },
    async (request, reply) => {
      await app.identities.link(request.actor, request.body, request.origin)
      return reply.code(204).send(null)
    },
  )

  app.get(
    '/api/auth/oauth/identities',
    {
      config: { auth: 'user', needs: 'own', limit: 'read', scope: 'account:read' },
      schema: {
        tags,
        operationId: 'listIdentities',
        summary: 'Identities that are linked to your account',
        response: { 200: Identities, ...problems(401) },
      },
    },
    (request) => app.identities.list(request.actor),
  )

  app.delete(
    '/api/auth/oauth/identities/:id',
    {
      config: own,
      schema: {
        tags,
        operationId: 'unlinkIdentity',
        summary: 'Unlink an identity',
        params: IdParams,
        body: RecentBody,
        response: { 204: NoContent, ...problems(401, 403, 404, 409) },
      },
    },
    async (request, reply) => {
      await app.identities.unlink(request.actor, request.params.id, request.body?.currentPassword, request.origin)
      return reply.code(204).send(null)
    },
  )
}

export default authOAuthRoutes
