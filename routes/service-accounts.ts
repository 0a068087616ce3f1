import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { ApiKeyPage, CreateApiKeyBody, CreatedApiKey } from '../src/accounts/model.ts'
import {
  CreateServiceAccountBody,
  ServiceAccount,
  ServiceAccountKeyParams,
  ServiceAccountPage,
  ServiceAccountParams,
  UpdateServiceAccountBody,
} from '../src/accounts/model-service.ts'
import { IdParams, ListQuery, NoContent, problems, Ref } from '../src/contracts/http.ts'

const tags = ['workspaces']
const needs = 'service-accounts:manage'
const read = { auth: 'user', needs, limit: 'read', scope: 'workspaces:read' } as const
const write = { auth: 'user', needs, limit: 'write', scope: 'workspaces:write' } as const

/** Service accounts of workspaces and their API keys. */
const serviceAccountRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.post(
    '/api/workspaces/:id/service-accounts',
    {
      config: write,
      schema: {
        tags,
        operationId: 'createServiceAccount',
        summary: 'Make a service account: a member that is no person and acts with API keys',
        params: IdParams,
        body: CreateServiceAccountBody,
        response: { 201: Ref(ServiceAccount), ...problems(401, 403, 404) },
      },
    },
    async ({ actor, params, body, origin }, reply) =>
      reply.code(201).send(await app.serviceAccounts.create(actor, params.id, body, origin)),
  )

  app.get(
    '/api/workspaces/:id/service-accounts',
    {
      config: read,
      schema: {
        tags,
        operationId: 'listServiceAccounts',
        summary: 'Service accounts of a workspace',
        params: IdParams,
        querystring: ListQuery,
        response: { 200: ServiceAccountPage, ...problems(401, 403, 404) },
      },
    },
    ({ actor, params, query }) => app.serviceAccounts.list(actor, params.id, query),
  )

  app.get(
    '/api/workspaces/:id/service-accounts/:accountId',
    {
      config: read,
      schema: {
        tags,
        operationId: 'getServiceAccount',
        summary: 'One service account',
        params: ServiceAccountParams,
        response: { 200: Ref(ServiceAccount), ...problems(401, 403, 404) },
      },
    },
    ({ actor, params }) => app.serviceAccounts.get(actor, params.id, params.accountId),
  )

  app.patch(
    '/api/workspaces/:id/service-accounts/:accountId',
    {
      config: write,
      schema: {
        tags,
        operationId: 'updateServiceAccount',
        summary: 'Rename, disable or enable a service account, or give it another role',
        params: ServiceAccountParams,
        body: UpdateServiceAccountBody,
        response: { 200: Ref(ServiceAccount), ...problems(401, 403, 404) },
      },
    },
    ({ actor, params, body, origin }) => app.serviceAccounts.update(actor, params.id, params.accountId, body, origin),
  )

  app.delete(
    '/api/workspaces/:id/service-accounts/:accountId',
    {
      config: write,
      schema: {
        tags,
        operationId: 'deleteServiceAccount',
        summary: 'Delete a service account with its keys',
        params: ServiceAccountParams,
        response: { 204: NoContent, ...problems(401, 403, 404) },
      },
    },
    async ({ actor, params, origin }, reply) => {
      await app.serviceAccounts.remove(actor, params.id, params.accountId, origin)
      return reply.code(204).send(null)
    },
  )

  app.post(
    '/api/workspaces/:id/service-accounts/:accountId/api-keys',
    {
      config: { auth: 'user', needs: 'service-accounts:manage', limit: 'write' },
      schema: {
        tags,
        operationId: 'createServiceAccountKey',
        summary: 'Make an API key of a service account; it is shown this once',
        params: ServiceAccountParams,
        body: CreateApiKeyBody,
        response: { 201: Ref(CreatedApiKey), ...problems(401, 403, 404) },
      },
    },
    async ({ actor, params, body, origin }, reply) =>
      reply.code(201).send(await app.serviceAccounts.createKey(actor, params.id, params.accountId, body, origin)),
  )

  app.get(
    '/api/workspaces/:id/service-accounts/:accountId/api-keys',
    {
      config: read,
      schema: {
        tags,
        operationId: 'listServiceAccountKeys',
        summary: 'API keys of a service account',
        params: ServiceAccountParams,
        querystring: ListQuery,
        response: { 200: ApiKeyPage, ...problems(401, 403, 404) },
      },
    },
    ({ actor, params, query }) => app.serviceAccounts.listKeys(actor, params.id, params.accountId, query),
  )

  app.delete(
    '/api/workspaces/:id/service-accounts/:accountId/api-keys/:keyId',
    {
      config: write,
      schema: {
        tags,
        operationId: 'revokeServiceAccountKey',
        summary: 'Revoke an API key of a service account',
        params: ServiceAccountKeyParams,
        response: { 204: NoContent, ...problems(401, 403, 404) },
      },
    },
    async ({ actor, params, origin }, reply) => {
      await app.serviceAccounts.revokeKey(actor, params.id, params.accountId, params.keyId, origin)
      return reply.code(204).send(null)
    },
  )
}

export default serviceAccountRoutes
