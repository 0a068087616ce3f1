import fastify from 'fastify'
import { leanRoutes } from './lean-routes.ts'

/** Baseline L: Fastify, prepared drizzle, HS256, and nothing else. */
const app = fastify()
await app.register(leanRoutes)
await app.listen({ port: Number(process.env.PORT), host: '127.0.0.1' })
