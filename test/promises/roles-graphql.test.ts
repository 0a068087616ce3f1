import type { FastifyInstance } from 'fastify'
import type { GraphQLObjectType } from 'graphql'
import t from 'tap'
import { may, type Operation, type Scope, type WorkspaceRole } from '../../src/contracts/policy.ts'
import { schema } from '../../src/graph/graphql/schema.ts'
import { newId } from '../../src/lib/ids.ts'
import { caller, type Person, person, testApp } from '../helpers/app.ts'
import { makeThings, peopleOf, type Things } from '../helpers/things.ts'

// The role matrix of test/promises/roles.test.ts for the surface that is no route each: every field of Query and Mutation, as every role.

interface Field {
  /** The role that it needs towards the record it works on, and the scope of an API key. */
  needs: Operation
  scope: Scope
  /** A request that is right in form. `null` in place of the field is what an outsider gets, where it says so. */
  query: (things: Things, fresh: Fresh) => string
  outsiders?: 'null'
}

/** Records that a request may delete. */
interface Fresh {
  sourceId: string
  annotationId: string
}

const FIELDS: Record<string, Field> = {
  'Query.node': {
    needs: 'graph:read',
    scope: 'graph:read',
    query: ({ records }) => `{ node(id: "${records['/api/nodes']}") { id } }`,
    outsiders: 'null',
  },
  'Query.source': {
    needs: 'graph:read',
    scope: 'graph:read',
    query: ({ records }) => `{ source(id: "${records['/api/sources']}") { id graph { revision } } }`,
  },
  'Query.sources': {
    needs: 'graph:read',
    scope: 'graph:read',
    query: ({ workspaceId }) => `{ sources(workspaceId: "${workspaceId}") { edges { node { id } } } }`,
  },
  'Query.graph': {
    needs: 'graph:read',
    scope: 'graph:read',
    query: ({ records }) =>
      `{ graph(sourceId: "${records['/api/sources']}") { nodes { edges { node { id outgoing { id } } } } cycles { nodes { id } } search(q: "a") { score } } }`,
  },
  'Mutation.analyze': {
    needs: 'graph:write',
    scope: 'graph:write',
    query: ({ values }) =>
      `mutation { analyze(uploadIds: ["${(values.uploadIds as string[])[0]}"], name: "again") { job { id } source { id } } }`,
  },
  'Mutation.deleteSource': {
    needs: 'graph:write',
    scope: 'graph:write',
    query: (_things, { sourceId }) => `mutation { deleteSource(id: "${sourceId}") }`,
  },
  'Mutation.annotate': {
    needs: 'graph:annotate',
    scope: 'graph:write',
    query: ({ records }) => `mutation { annotate(nodeId: "${records['/api/nodes']}", text: "a note") { id } }`,
  },
  'Mutation.deleteAnnotation': {
    needs: 'graph:moderate',
    scope: 'graph:write',
    query: (_things, { annotationId }) => `mutation { deleteAnnotation(id: "${annotationId}") }`,
  },
}

interface Answer {
  data?: Record<string, unknown> | null
  errors?: { extensions: { code: string } }[]
  code?: string
}
const ask = async (as: Pick<Person, 'post'>, query: string) => (await as.post('/graphql', { query })).json<Answer>()
const codeOf = ({ errors, code }: Answer): string | undefined => code ?? errors?.[0]?.extensions.code

async function freshOf(app: FastifyInstance, { workspaceId, records }: Things): Promise<Fresh> {
  const [sourceId, annotationId] = [newId(), newId()]
  const { sql } = app.db
  await sql`insert into sources (id, workspace_id, name) values (${sourceId}, ${workspaceId}, 'fresh')`
  await sql`
    insert into annotations select (jsonb_populate_record(a, jsonb_build_object('id', ${annotationId}::uuid, 'author_id', null))).*
    from annotations a where a.id = ${records['/api/annotations'] as string}`
  return { sourceId, annotationId }
}

t.test('the table has every field of Query and Mutation', async (t) => {
  const fields = [schema.getQueryType(), schema.getMutationType()].flatMap((type) =>
    Object.keys((type as GraphQLObjectType).getFields()).map((name) => `${(type as GraphQLObjectType).name}.${name}`),
  )
  t.same(Object.keys(FIELDS).sort(), fields.sort())
})

t.test('SECURITY 12, 30, 32: every field of GraphQL, as every role', async (t) => {
  const app = await testApp(t)
  const owner = await person(app, 'owner')
  const things = await makeThings(app, owner)
  const people = await peopleOf(app, owner, things.workspaceId)
  const fresh = () => freshOf(app, things)
  for (const [name, { needs, query, outsiders }] of Object.entries(FIELDS)) {
    const field = name.split('.')[1] as string
    const nobody = await caller(app).post('/graphql', { query: query(things, await fresh()) })
    t.equal(nobody.statusCode, 401, `${name} as nobody`)
    for (const role of ['outsider', 'viewer', 'member', 'admin', 'owner'] as const) {
      const answer = await ask(people[role], query(things, await fresh()))
      if (role === 'outsider' && outsiders === 'null')
        t.match(answer, { data: { [field]: null } }, `${name} as ${role}`)
      else if (role === 'outsider') t.equal(codeOf(answer), 'NOT_FOUND', `${name} as ${role}`)
      else if (may(role as WorkspaceRole, needs)) {
        t.equal(codeOf(answer), undefined, `${name} as ${role}: ${JSON.stringify(answer.errors)}`)
        t.ok(answer.data?.[field], `${name} as ${role}`)
      } else t.equal(codeOf(answer), 'FORBIDDEN', `${name} as ${role}`)
    }
  }
})

t.test('SECURITY 12: API keys over GraphQL, by their scopes', async (t) => {
  const app = await testApp(t)
  const owner = await person(app, 'owner')
  const things = await makeThings(app, owner)
  for (const scopes of [['account:read'], ['graph:read'], ['graph:read', 'graph:write']] as Scope[][]) {
    const { key } = (await owner.post('/api/auth/api-keys', { name: 'k', scopes })).json<{ key: string }>()
    const machine = caller(app, { authorization: `Bearer ${key}` })
    for (const [name, { scope, query }] of Object.entries(FIELDS)) {
      const code = codeOf(await ask(machine, query(things, await freshOf(app, things))))
      t.equal(code, scopes.includes(scope) ? undefined : 'FORBIDDEN', `${name} with ${scopes.join(', ')}`)
    }
  }
})
