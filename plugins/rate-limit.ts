import rateLimit from '@fastify/rate-limit'
import type { FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import { problem } from '../src/contracts/errors.ts'
import { LIMIT_GROUPS, type LimitGroup } from '../src/contracts/http.ts'
import { TIER_FACTOR } from '../src/contracts/policy.ts'

/**
 * Rate limits by group (`config.limit` of a route), per user or address, in memory or in Redis. Each route gets its check behind the
 * app-wide hooks, so after authentication: people behind one address do not share a budget.
 */
export default fp(
  async (app) => {
    if (!app.config.RATE_LIMIT_ENABLED) return
    await app.register(rateLimit, {
      global: false,
      cache: 20_000,
      ...(app.redis === undefined ? {} : { redis: app.redis, nameSpace: 'parley:limit:', skipOnError: true }),
    })
    const limiters = new Map(LIMIT_GROUPS.map((group) => [group, limiter(group)]))

    function limiter(group: LimitGroup) {
      const [count = 0, seconds = 60] = app.config[`RATE_LIMIT_${group.toUpperCase() as Uppercase<LimitGroup>}`]
        .split('/')
        .map(Number)
      const check = app.createRateLimit({
        timeWindow: seconds * 1000,
        max: (request: FastifyRequest) => count * TIER_FACTOR[request.identity?.actor.tier ?? 'free'],
        keyGenerator: (request: FastifyRequest) => `${group}:${request.identity?.actor.userId ?? request.ip}`,
      })
      return async (request: FastifyRequest, reply: FastifyReply) => {
        const found = await check(request)
        if (found.isAllowed) return
        const { max, remaining, ttlInSeconds, isExceeded } = found
        reply
          .header('ratelimit-limit', max)
          .header('ratelimit-remaining', remaining)
          .header('ratelimit-reset', ttlInSeconds)
        if (isExceeded)
          throw problem('RATE_LIMITED', { detail: `At most ${max} in ${seconds} s`, retryAfter: ttlInSeconds })
      }
    }

    app.addHook('onRoute', (route: RouteOptions) => {
      const check = route.config?.limit === undefined ? undefined : limiters.get(route.config.limit)
      if (check !== undefined) route.onRequest = [...[route.onRequest ?? []].flat(), check]
    })
  },
  { name: 'rate-limit', dependencies: ['config', 'errors', 'redis'] },
)
