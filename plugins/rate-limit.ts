import rateLimit, { type CreateRateLimitOptions, type RateLimitPluginOptions } from '@fastify/rate-limit'
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import { MemoryLimitStore } from '../src/adapters/limits/memory.ts'
import { problem } from '../src/contracts/errors.ts'
import { LIMIT_GROUPS, type LimitGroup } from '../src/contracts/http.ts'
import { payerOf, TIER_FACTOR } from '../src/contracts/policy.ts'
import { networkOf } from '../src/lib/addresses.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Counts a request in a budget beside that of its route. Throws RATE_LIMITED. */
    countIn(group: LimitGroup, request: FastifyRequest, reply: FastifyReply): Promise<void>
  }
}

/** What all API keys of one user, and of the service accounts of the user's workspaces, may use together, in budgets of one key. */
const KEYS_TOGETHER = 5

/** Makes checks on a store: each registration of the library has one, so each gets a scope of its own. */
async function checksOn(app: FastifyInstance, options: RateLimitPluginOptions) {
  let create: FastifyInstance['createRateLimit'] | undefined
  await app.register(async (scope) => {
    await scope.register(rateLimit, { global: false, ...options })
    create = scope.createRateLimit.bind(scope)
  })
  return create as FastifyInstance['createRateLimit']
}

/**
 * Rate limits by group (`config.limit` of a route), per user, API key or network of the caller, in memory or in Redis; in memory too while Redis is
 * away. Each route gets its check behind the app-wide hooks, so after authentication: people behind one address do not share a budget.
 * Answers carry `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-11), and the three older headers beside them.
 */
export default fp(
  async (app) => {
    const limiters = new Map<LimitGroup, ReturnType<typeof limiter>>()
    app.decorate('countIn', async (group, ...request) => limiters.get(group)?.(...request))
    if (!app.config.RATE_LIMIT_ENABLED) return
    const inMemory = await checksOn(app, { store: MemoryLimitStore as never })
    const shared = app.redis && (await checksOn(app, { redis: app.redis, nameSpace: 'parley:limit:' }))
    for (const group of LIMIT_GROUPS) limiters.set(group, limiter(group))

    /** The check of a budget: shared where there is Redis, this process's own while it does not answer. */
    function checkOf(options: CreateRateLimitOptions) {
      const [own, all] = [inMemory(options), shared?.(options)]
      if (all === undefined) return own
      return (request: FastifyRequest) =>
        all(request).catch((err) => {
          app.log.warn({ err }, 'rate limits: Redis does not answer, counting in memory')
          return own(request)
        })
    }

    function limiter(group: LimitGroup) {
      const [count = 0, seconds = 60] = app.config[`RATE_LIMIT_${group.toUpperCase() as Uppercase<LimitGroup>}`]
        .split('/')
        .map(Number)
      const timeWindow = seconds * 1000
      const max = ({ identity }: FastifyRequest) => count * TIER_FACTOR[identity?.actor.tier ?? 'free']
      const check = checkOf({
        timeWindow,
        max,
        keyGenerator({ identity, ip }: FastifyRequest) {
          if (identity === null) return `${group}:${networkOf(ip)}`
          const { keyId, userId } = identity.actor
          return keyId === undefined ? `${group}:${userId}` : `${group}:key:${keyId}`
        },
      })
      const together = checkOf({
        timeWindow,
        max: (request: FastifyRequest) => max(request) * KEYS_TOGETHER,
        keyGenerator: ({ identity }: FastifyRequest) => `${group}:keys:${identity ? payerOf(identity.actor) : ''}`,
      })
      return async (request: FastifyRequest, reply: FastifyReply) => {
        let found = await check(request)
        if (found.isAllowed) return
        if (request.identity?.actor.keyId !== undefined && !found.isExceeded) {
          const all = await together(request)
          if (!all.isAllowed && (all.isExceeded || all.remaining < found.remaining)) found = all
        }
        const { max: quota, remaining, ttlInSeconds, isExceeded } = found
        reply
          .header('ratelimit-policy', `"${group}";q=${quota};w=${seconds}`)
          .header('ratelimit', `"${group}";r=${remaining};t=${ttlInSeconds}`)
          .header('ratelimit-limit', quota)
          .header('ratelimit-remaining', remaining)
          .header('ratelimit-reset', ttlInSeconds)
        if (isExceeded)
          throw problem('RATE_LIMITED', { detail: `At most ${quota} in ${seconds} s`, retryAfter: ttlInSeconds })
      }
    }

    app.addHook('onRoute', (route: RouteOptions) => {
      const check = route.config?.limit === undefined ? undefined : limiters.get(route.config.limit)
      if (check !== undefined) route.onRequest = [...[route.onRequest ?? []].flat(), check]
    })
  },
  { name: 'rate-limit', dependencies: ['config', 'errors', 'redis'] },
)
