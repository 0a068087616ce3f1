import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { JwkSet } from '../src/accounts/model.ts'
import { problems, Ref } from '../src/contracts/http.ts'

/** How long others may keep the keys, seconds: they ask again for a key id that they do not know. */
const MAX_AGE = 300

/** What other services need in order to verify access tokens by themselves. */
const wellKnownRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    '/.well-known/jwks.json',
    {
      config: { auth: 'public', limit: 'read' },
      schema: {
        tags: ['auth'],
        operationId: 'getJwks',
        summary: 'Public keys of access tokens (RFC 7517); none where a shared secret signs',
        response: { 200: Ref(JwkSet), ...problems() },
      },
    },
    (_request, reply) =>
      reply.header('cache-control', `public, max-age=${MAX_AGE}`).send({ keys: app.keyRing.publicKeys() }),
  )
}

export default wellKnownRoutes
