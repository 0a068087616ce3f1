import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { ManagedUser, ManageUserBody, ProfileBody, User, UserPage, UserQuery } from '../src/accounts/model.ts'
import { IdParams, problems, Ref } from '../src/contracts/http.ts'

const tags = ['users']

/** The own profile, and the administration of all accounts. */
const userRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    '/api/users/me',
    {
      config: { auth: 'user', needs: 'own', limit: 'read', scope: 'account:read' },
      schema: {
        tags,
        operationId: 'getProfile',
        summary: 'Your account',
        response: { 200: Ref(User), ...problems(401) },
      },
    },
    (request) => app.accounts.me(request.actor),
  )

  app.patch(
    '/api/users/me',
    {
      config: { auth: 'user', needs: 'own', limit: 'write', scope: 'account:write' },
      schema: {
        tags,
        operationId: 'updateProfile',
        summary: 'Change your profile',
        body: ProfileBody,
        response: { 200: Ref(User), ...problems(401, 403) },
      },
    },
    (request) => app.accounts.updateProfile(request.actor, request.body, request.origin),
  )

  app.get(
    '/api/users',
    {
      config: { auth: 'admin', needs: 'users:administer', limit: 'read' },
      schema: {
        tags,
        operationId: 'listUsers',
        summary: 'All accounts (administrators)',
        querystring: UserQuery,
        response: { 200: UserPage, ...problems(401, 403) },
      },
    },
    (request) => app.administration.list(request.actor, request.query),
  )

  app.get(
    '/api/users/:id',
    {
      config: { auth: 'admin', needs: 'users:administer', limit: 'read' },
      schema: {
        tags,
        operationId: 'getUser',
        summary: 'One account (administrators)',
        params: IdParams,
        response: { 200: Ref(ManagedUser), ...problems(401, 403, 404) },
      },
    },
    (request) => app.administration.get(request.actor, request.params.id),
  )

  app.patch(
    '/api/users/:id',
    {
      config: { auth: 'admin', needs: 'users:administer', limit: 'write' },
      schema: {
        tags,
        operationId: 'updateUser',
        summary: 'Change role, tier or state of an account (administrators)',
        params: IdParams,
        body: ManageUserBody,
        response: { 200: Ref(ManagedUser), ...problems(401, 403, 404, 409) },
      },
    },
    (request) => app.administration.update(request.actor, request.params.id, request.body, request.origin),
  )
}

export default userRoutes
