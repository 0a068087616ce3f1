import type { FastifyInstance } from 'fastify'
import { buildSchema, type GraphQLObjectType } from 'graphql'
import t from 'tap'
import { may, SCOPES, type Scope, WORKSPACE_POLICY, type WorkspaceRole } from '../../src/contracts/policy.ts'
import { DECLARATIONS, declarationOf, type FieldDeclaration } from '../../src/graph/graphql/declarations.ts'
import { schema } from '../../src/graph/graphql/schema.ts'
import { newId } from '../../src/lib/ids.ts'
import { caller, type Person, person, testApp } from '../helpers/app.ts'
import { makeThings, peopleOf, type Things } from '../helpers/things.ts'

// The role matrix of test/promises/roles.test.ts for the surface that is no route each: every field of Query and Mutation, as every role.

interface Field {
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
    query: ({ records }) => `{ node(id: "${records['/api/nodes']}") { id } }`,
    outsiders: 'null',
  },
  'Query.source': {
    query: ({ records }) => `{ source(id: "${records['/api/sources']}") { id graph { revision } } }`,
  },
  'Query.sources': {
    query: ({ workspaceId }) => `{ sources(workspaceId: "${workspaceId}") { edges { node { id } } } }`,
  },
  'Query.graph': {
    query: ({ records }) =>
      `{ graph(sourceId: "${records['/api/sources']}") { nodes { edges { node { id outgoing { id } } } } cycles { nodes { id } } search(q: "a") { score } } }`,
  },
  'Mutation.analyze': {
    query: ({ values }) =>
      `mutation { analyze(uploadIds: ["${(values.uploadIds as string[])[0]}"], name: "again") { job { id } source { id } } }`,
  },
  'Mutation.deleteSource': {
    query: (_things, { sourceId }) => `mutation { deleteSource(id: "${sourceId}") }`,
  },
  'Mutation.annotate': {
    query: ({ records }) => `mutation { annotate(nodeId: "${records['/api/nodes']}", text: "a note") { id } }`,
  },
  'Mutation.deleteAnnotation': {
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

t.test('every field of Query and Mutation declares what it requires, and is asked here', async (t) => {
  const fields = [schema.getQueryType(), schema.getMutationType()].flatMap((type) =>
    Object.keys((type as GraphQLObjectType).getFields()).map((name) => `${(type as GraphQLObjectType).name}.${name}`),
  )
  t.same([...DECLARATIONS.keys()], fields)
  t.same(Object.keys(FIELDS).sort(), fields.sort())
  for (const [name, { needs, scope }] of DECLARATIONS) {
    t.ok(needs in WORKSPACE_POLICY, `${name} needs ${needs}`)
    t.ok(SCOPES.includes(scope), `${name} has the scope ${scope}`)
  }
  const bare = buildSchema('type Query { bare: ID }').getQueryType()?.getFields().bare
  t.throws(() => declarationOf(bare as never), /'bare' of GraphQL does not declare/)
})

t.test('SECURITY 12, 30, 32: every field of GraphQL, as every role', async (t) => {
  const app = await testApp(t)
  const owner = await person(app, 'owner')
  const things = await makeThings(app, owner)
  const people = await peopleOf(app, owner, things.workspaceId)
  const fresh = () => freshOf(app, things)
  for (const [name, { query, outsiders }] of Object.entries(FIELDS)) {
    const { needs } = DECLARATIONS.get(name) as FieldDeclaration
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
    for (const [name, { query }] of Object.entries(FIELDS)) {
      const { scope } = DECLARATIONS.get(name) as FieldDeclaration
      const code = codeOf(await ask(machine, query(things, await freshOf(app, things))))
      t.equal(code, scopes.includes(scope) ? undefined : 'FORBIDDEN', `${name} with ${scopes.join(', ')}`)
    }
  }
})
