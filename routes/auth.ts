import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import {
  AuthResult,
  ChangePasswordBody,
  LoginBody,
  RefreshBody,
  RegisterBody,
  SessionPage,
  TokenPair,
  User,
} from '../src/accounts/model.ts'
import { MfaChallenge } from '../src/accounts/model-factors.ts'
import { MailMaybeSent } from '../src/accounts/model-recovery.ts'
import { IdParams, ListQuery, NoContent, problems, Ref } from '../src/contracts/http.ts'

const tags = ['auth']
const PENDING = { status: 'accepted' as const, detail: 'A mail tells how it goes on' }

/** Registration, sign-in and sessions. */
const authRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.post(
    '/api/auth/register',
    {
      config: { auth: 'public', limit: 'auth' },
      schema: {
        tags,
        operationId: 'register',
        summary: 'Make an account and sign in',
        body: RegisterBody,
        response: { 201: Ref(AuthResult), 202: Ref(MailMaybeSent), ...problems(409) },
      },
    },
    async (request, reply) => {
      const made = await app.accounts.register(request.body, request.origin)
      return made === 'pending' ? reply.code(202).send(PENDING) : reply.code(201).send(made)
    },
  )

  app.post(
    '/api/auth/login',
    {
      config: { auth: 'public', limit: 'auth' },
      schema: {
        tags,
        operationId: 'login',
        summary: 'Sign in',
        body: LoginBody,
        response: { 200: Ref(AuthResult), 202: Ref(MfaChallenge), ...problems(401, 403) },
      },
    },
    async (request, reply) => {
      const result = await app.accounts.login(request.body, request.origin)
      return 'mfaToken' in result ? reply.code(202).send(result) : reply.code(200).send(result)
    },
  )

  app.post(
    '/api/auth/refresh',
    {
      config: { auth: 'public', limit: 'write' },
      schema: {
        tags,
        operationId: 'refresh',
        summary: 'Exchange a refresh token for a new pair',
        body: RefreshBody,
        response: { 200: Ref(TokenPair), ...problems(401) },
      },
    },
    (request) => app.sessions.refresh(request.body.refreshToken, request.origin),
  )

  app.post(
    '/api/auth/logout',
    {
      config: { auth: 'user', needs: 'own', limit: 'write' },
      schema: {
        tags,
        operationId: 'logout',
        summary: 'End this session',
        response: { 204: NoContent, ...problems(401) },
      },
    },
    async (request, reply) => {
      await app.accounts.logout(request.actor, request.origin)
      app.cookieSignIn.clear(request, reply)
      return reply.code(204).send(null)
    },
  )

  app.post(
    '/api/auth/logout-all',
    {
      config: { auth: 'user', needs: 'own', limit: 'write' },
      schema: {
        tags,
        operationId: 'logoutAll',
        summary: 'End all of your sessions',
        response: { 204: NoContent, ...problems(401) },
      },
    },
    async (request, reply) => {
      await app.sessions.revokeAll(request.actor, request.origin)
      app.cookieSignIn.clear(request, reply)
      return reply.code(204).send(null)
    },
  )

  app.get(
    '/api/auth/me',
    {
      config: { auth: 'user', needs: 'own', limit: 'read', scope: 'account:read' },
      schema: {
        tags,
        operationId: 'getMe',
        summary: 'The own account',
        response: { 200: Ref(User), ...problems(401) },
      },
    },
    (request) => app.accounts.me(request.actor),
  )

  app.post(
    '/api/auth/password/change',
    {
      config: { auth: 'user', needs: 'own', limit: 'auth' },
      schema: {
        tags,
        operationId: 'changePassword',
        summary: 'Change your password; ends your other sessions',
        body: ChangePasswordBody,
        response: { 204: NoContent, ...problems(401, 403) },
      },
    },
    async (request, reply) => {
      await app.accounts.changePassword(request.actor, request.body, request.origin)
      return reply.code(204).send(null)
    },
  )

  app.get(
    '/api/auth/sessions',
    {
      config: { auth: 'user', needs: 'own', limit: 'read', scope: 'account:read' },
      schema: {
        tags,
        operationId: 'listSessions',
        summary: 'Your live sessions, newest first',
        querystring: ListQuery,
        response: { 200: SessionPage, ...problems(401) },
      },
    },
    (request) => app.sessions.list(request.actor, request.query),
  )

  app.delete(
    '/api/auth/sessions/:id',
    {
      config: { auth: 'user', needs: 'own', limit: 'write', scope: 'account:write' },
      schema: {
        tags,
        operationId: 'revokeSession',
        summary: 'End one of your sessions',
        params: IdParams,
        response: { 204: NoContent, ...problems(401, 404) },
      },
    },
    async (request, reply) => {
      await app.sessions.revoke(request.actor, request.params.id, request.origin)
      return reply.code(204).send(null)
    },
  )
}

export default authRoutes
