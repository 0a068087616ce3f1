import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { AuthResult } from '../src/accounts/model.ts'
import { SetupBody } from '../src/accounts/model-setup.ts'
import { problems, Ref } from '../src/contracts/http.ts'

/** The first administrator of an installation. */
const setupRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.post(
    '/api/setup',
    {
      config: { auth: 'public', limit: 'auth' },
      schema: {
        tags: ['users'],
        operationId: 'setUp',
        summary: 'Make the first administrator with the link that the first start prints, and sign in',
        body: SetupBody,
        response: { 201: Ref(AuthResult), ...problems(404, 409) },
      },
    },
    async (request, reply) => reply.code(201).send(await app.setup.use(request.body, request.origin)),
  )
}

export default setupRoutes
