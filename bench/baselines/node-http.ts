import { createServer } from 'node:http'
import postgres from 'postgres'

/** Baseline N: node:http and postgres.js with one prepared query. No token, no schema, no framework: the floor. */
const sql = postgres(process.env.DATABASE_URL!, { max: 10 })
const json = { 'content-type': 'application/json; charset=utf-8' }

createServer(async (request, response) => {
  if (request.url === '/hello') {
    response.writeHead(200, json).end(JSON.stringify({ status: 'ok' }))
    return
  }
  const id = request.url?.slice('/conversations/'.length) ?? ''
  const [row] = await sql`
    select id, workspace_id as "workspaceId", title, assistant, created_by as "createdBy", version,
      created_at as "createdAt", updated_at as "updatedAt"
    from conversations where id = ${id}`
  response.writeHead(row ? 200 : 404, json).end(JSON.stringify(row ?? {}))
}).listen(Number(process.env.PORT), '127.0.0.1')
