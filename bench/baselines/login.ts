import { createHash, randomBytes } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { hash, verify } from '@node-rs/argon2'
import { createSigner } from 'fast-jwt'
import fastify from 'fastify'
import PQueue from 'p-queue'
import postgres from 'postgres'

/**
 * Baseline: a sign-in as one writes it by hand. Fastify, the account by its email, argon2id with one hash per core, a row for the session, and a HS256
 * token. No limits, no throttle, no audit log, no second factor. ACCOUNTS says how many there are, PASSWORD_HASH what all of them have.
 */
const sql = postgres(process.env.DATABASE_URL!, { max: 10 })
await sql`create table accounts (id uuid primary key default gen_random_uuid(), email text not null unique, password_hash text not null)`
await sql`create table sessions (
  id uuid primary key default gen_random_uuid(), account_id uuid not null references accounts (id), refresh_hash text not null unique,
  created_at timestamptz not null default now())`
await sql`
  insert into accounts (email, password_hash)
  select 'bench-' || n || '@example.com', ${process.env.PASSWORD_HASH!} from generate_series(0, ${Number(process.env.ACCOUNTS)} - 1) as n`
const queue = new PQueue({ concurrency: availableParallelism() })
const sign = createSigner({ key: process.env.JWT_SECRET!, expiresIn: 900_000 })
const dummy = await hash('nobody has this password', { algorithm: 2, memoryCost: 65_536, timeCost: 3, parallelism: 1 })

const app = fastify()
app.post<{ Body: { email: string; password: string } }>('/api/auth/login', async (request, reply) => {
  const { email, password } = request.body
  const [account] = await sql`select id, password_hash from accounts where email = ${email}`
  const fits = await queue.add(() => verify(account?.password_hash ?? dummy, password))
  if (!account || !fits) return reply.code(401).send({ code: 'INVALID_CREDENTIALS' })
  const refreshToken = randomBytes(32).toString('base64url')
  const digest = createHash('sha256').update(refreshToken).digest('hex')
  const [session] =
    await sql`insert into sessions (account_id, refresh_hash) values (${account.id}, ${digest}) returning id`
  return { user: { id: account.id, email }, accessToken: sign({ sub: account.id, sid: session?.id }), refreshToken }
})
await app.listen({ port: Number(process.env.PORT), host: '127.0.0.1' })
