import t from 'tap'
import { createLoader } from '../../src/graph/graphql/loader.ts'
import type { Source } from '../../src/graph/model-sources.ts'
import { newId } from '../../src/lib/ids.ts'
import { caller, type Person, person, testApp } from '../helpers/app.ts'
import { archiveOf, ended, upload } from './world.ts'

interface Answer {
  data?: Record<string, never>
  errors?: { message: string; extensions: { code: string; status: number } }[]
}
const MODERN = { accept: 'application/graphql-response+json' }
const FILES = {
  'src/core.ts': 'export const core = () => 1\nconst forgotten = () => 2\n',
  'src/a.ts': `import { core } from './core.js'\nexport const a = () => core()\n`,
  'src/b.ts': `import { core } from './core.js'\nimport './a.js'\nexport const b = () => core()\n`,
}

t.test('the graph over GraphQL', async (t) => {
  const app = await testApp(t)
  const [ada, eve] = [await person(app, 'ada'), await person(app, 'eve')]
  const ask = async (as: Pick<Person, 'post'>, query: string, variables?: object) =>
    (await as.post('/graphql', { query, variables })).json<Answer>()

  const uploadId = await upload(ada, 'shop.tgz', archiveOf(FILES))
  const ordered = await ask(
    ada,
    'mutation ($ids: [ID!]!) { analyze(uploadIds: $ids, name: "shop") { job { id state } source { id name revision } } }',
    { ids: [uploadId] },
  )
  t.equal(ordered.errors, undefined, JSON.stringify(ordered))
  const { analyze } = ordered.data as unknown as { analyze: { job: { id: string }; source: Source } }
  const { job, source } = analyze
  t.match(await ended(app, ada, job.id), { state: 'completed' })

  const whole = `query ($id: ID!) { graph(sourceId: $id) { revision
    nodes(kinds: [function], first: 2) { edges { node { id key incoming(kinds: [calls]) { kind from { key } to { key } } outgoing { to { name } } } } pageInfo { hasNextPage endCursor } }
    cycles { nodes { key } } unused { edges { node { key } } } search(q: "core") { score node { key } } communities { total } rank(first: 1) { edges { rank node { name } } } } }`
  const { data, errors } = await ask(ada, whole, { id: source.id })
  t.equal(errors, undefined, JSON.stringify(errors))
  const { graph } = data as unknown as {
    graph: {
      nodes: { edges: { node: { id: string; key: string; incoming: object[] } }[]; pageInfo: { endCursor: string } }
    }
  }
  t.match(graph, {
    revision: 1,
    nodes: {
      edges: [{ node: { key: 'src/a.ts#a().', incoming: [] } }, { node: { key: 'src/b.ts#b().' } }],
      pageInfo: { hasNextPage: true },
    },
    cycles: [],
    unused: { edges: [{ node: { key: 'src/core.ts#forgotten().' } }] },
  })
  const page =
    'query ($id: ID!, $after: String) { graph(sourceId: $id) { nodes(kinds: [function], first: 2, after: $after) { edges { node { key incoming(kinds: [calls]) { from { key } } } } } } }'
  const next = await ask(ada, page, { id: source.id, after: graph.nodes.pageInfo.endCursor })
  const rest = (
    next.data as unknown as { graph: { nodes: { edges: { node: { key: string; incoming: object[] } }[] } } }
  ).graph
  t.match(rest.nodes.edges, [{ node: { key: 'src/core.ts#core().' } }, { node: { key: 'src/core.ts#forgotten().' } }])
  const callers = rest.nodes.edges[0]?.node.incoming as { from: { key: string } }[]
  t.strictSame(callers.map(({ from }) => from.key).sort(), ['src/a.ts#a().', 'src/b.ts#b().'])

  await t.test('every edge of a connection has a cursor to go on from', async (t) => {
    interface Connection {
      edges: { cursor: string; node: { id: string } }[]
      pageInfo: { startCursor: string; endCursor: string; hasNextPage: boolean }
    }
    const inner = 'edges { cursor node { id } } pageInfo { startCursor endCursor hasNextPage }'
    const lists = {
      nodes: 'nodes(first: FIRST AFTER)',
      rank: 'rank(kinds: [file, function], first: FIRST AFTER)',
      unused: 'unused(exported: true, first: FIRST AFTER)',
    }
    for (const [name, field] of Object.entries(lists)) {
      const read = async (first: number, after?: string) => {
        const text = field.replace('FIRST', String(first)).replace('AFTER', after ? `, after: "${after}"` : '')
        const { data, errors } = await ask(ada, `{ graph(sourceId: "${source.id}") { list: ${text} { ${inner} } } }`)
        t.equal(errors, undefined, `${name}: ${JSON.stringify(errors)}`)
        return (data as unknown as { graph: { list: Connection } }).graph.list
      }
      const all = await read(100)
      t.ok(all.edges.length > 0, name)
      t.equal(all.pageInfo.startCursor, all.edges[0]?.cursor, name)
      t.equal(all.pageInfo.endCursor, all.edges.at(-1)?.cursor, name)
      t.equal(all.pageInfo.hasNextPage, false, name)
      for (const [place, { cursor }] of all.edges.entries()) {
        const rest = await read(100, cursor)
        t.strictSame(
          rest.edges.map(({ node }) => node.id),
          all.edges.slice(place + 1).map(({ node }) => node.id),
          `${name} behind the edge ${place}`,
        )
      }
    }
  })

  await t.test('records by id', async (t) => {
    const nodeId = graph.nodes.edges[0]?.node.id
    const query =
      '($id: ID!) { node(id: $id) { __typename id ... on GraphNode { key impact { depth } neighbors { truncated } } ... on Source { name nodeCount } } }'
    t.match((await ask(ada, `query ${query}`, { id: nodeId })).data, {
      node: { __typename: 'GraphNode', key: 'src/a.ts#a().' },
    })
    t.match((await ask(ada, `query ${query}`, { id: source.id })).data, {
      node: { __typename: 'Source', name: 'shop' },
    })
    t.match(await ask(eve, `query ${query}`, { id: nodeId }), { data: { node: null }, errors: undefined })
    t.match(await ask(ada, `query ${query}`, { id: newId() }), { data: { node: null } })
    t.match(await ask(ada, `query ${query}`, { id: 'x' }), { errors: [{ extensions: { code: 'VALIDATION_FAILED' } }] })
  })

  await t.test('lists are loaded together, however long they are', async (t) => {
    const { sql } = app.db
    const options = sql.options as { debug?: unknown }
    const before = options.debug
    let statements = 0
    // What the server does beside it, for its queue and its events, is not counted.
    options.debug = (_connection: number, text: string) => {
      if (/\b(?:graph_nodes|graph_edges|sources)\b/.test(text)) statements++
    }
    const query =
      '{ graph { nodes(first: FIRST) { edges { node { outgoing { to { incoming { from { key } } } } } } } } }'
    const count = async (first: number) => {
      statements = 0
      t.equal((await ask(ada, query.replace('FIRST', String(first)))).errors, undefined)
      return statements
    }
    await count(2)
    const [few, many] = [await count(2), await count(8)]
    options.debug = before
    t.ok(few > 3, `${few} statements`)
    t.equal(many, few, 'as many for 8 nodes as for 2')
  })

  await t.test('the same rights and codes as over REST', async (t) => {
    const query = `{ graph(sourceId: "${source.id}") { revision } }`
    t.equal((await caller(app).post('/graphql', { query })).statusCode, 401)
    t.match(await ask(eve, query), { data: null, errors: [{ extensions: { code: 'NOT_FOUND', status: 404 } }] })
    t.match(await ask(eve, `mutation { deleteSource(id: "${source.id}") }`), {
      errors: [{ extensions: { code: 'NOT_FOUND' } }],
    })
    const made = await ada.post('/api/auth/api-keys', { name: 'reader', scopes: ['graph:read'] })
    t.equal(made.statusCode, 201, made.body)
    const key = caller(app, { authorization: `Bearer ${made.json<{ key: string }>().key}` })
    t.match(await ask(key, query), { data: { graph: { revision: 1 } } })
    t.match(await ask(key, `mutation { deleteSource(id: "${source.id}") }`), {
      errors: [{ extensions: { code: 'FORBIDDEN' } }],
    })
    t.match(await ask(ada, `{ graph(sourceId: "${source.id}") { nodes(first: 5000) { edges { cursor } } } }`), {
      errors: [{ extensions: { code: 'VALIDATION_FAILED' } }],
    })
    t.match(await ask(ada, `{ graph(sourceId: "${source.id}") { nodes(after: "x") { edges { cursor } } } }`), {
      errors: [{ extensions: { code: 'INVALID_CURSOR' } }],
    })
  })

  await t.test('GraphQL over HTTP', async (t) => {
    const post = (body: unknown, headers = {}) => ada.post('/graphql', body, headers)
    const query = '{ __typename }'
    const rows: [name: string, call: () => ReturnType<Person['get']>, status: number, type?: RegExp][] = [
      ['plain JSON', () => post({ query }), 200, /^application\/json/],
      ['the modern type', () => post({ query }, MODERN), 200, /^application\/graphql-response\+json/],
      ['members that are null', () => post({ query, variables: null, operationName: null, extensions: null }), 200],
      ['extensions that nobody knows', () => post({ query, extensions: { some: true } }), 200],
      ['by GET', () => ada.get(`/graphql?query=${encodeURIComponent(query)}&variables={}`), 200],
      ['no query', () => post({}), 400],
      ['a query that is no text', () => post({ query: { a: 1 } }), 400],
      ['variables that are no record', () => post({ query, variables: [1] }), 400],
      ['variables that are no JSON', () => ada.get('/graphql?query={__typename}&variables=x'), 400],
      ['a batch', () => post([{ query }, { query }]), 400],
      ['a syntax error', () => post({ query: '{' }, MODERN), 400],
      ['a syntax error, told the old way', () => post({ query: '{' }), 200],
      ['an unknown field', () => post({ query: '{ nothing }' }, MODERN), 400],
      ['an unknown operation', () => post({ query: 'query A { __typename }', operationName: 'B' }, MODERN), 400],
      ['a missing variable', () => post({ query: 'query ($id: ID!) { source(id: $id) { id } }' }, MODERN), 400],
      ['a field that fails', () => post({ query: `{ source(id: "${newId()}") { id } }` }, MODERN), 200],
      ['nothing that it can write', () => post({ query }, { accept: 'text/html' }), 406],
      ['another media type', () => post('query', { 'content-type': 'text/plain' }), 415],
      [
        'a mutation by GET',
        () => ada.get(`/graphql?query=${encodeURIComponent(`mutation { deleteSource(id: "${source.id}") }`)}`),
        405,
      ],
    ]
    for (const [name, call, status, type] of rows) {
      const answer = await call()
      t.equal(answer.statusCode, status, `${name}: ${answer.body}`)
      if (type) t.match(answer.headers['content-type'], type, name)
    }
    t.equal((await ada.get(`/api/sources/${source.id}`)).statusCode, 200, 'a GET changes nothing')
  })

  await t.test('what asks for too much is refused', async (t) => {
    const deep = `{ node(id: "x") { ${'... on GraphNode { outgoing { to { '.repeat(8)} id ${'} } }'.repeat(8)} } }`
    const rows: [name: string, query: string, fault: RegExp][] = [
      ['deep', deep, /depth|cost/],
      ['aliases', `{ ${Array.from({ length: 60 }, (_, at) => `a${at}: __typename`).join(' ')} }`, /aliases/],
      ['fields', `{ ${'__typename '.repeat(600)} }`, /fields/],
      [
        'records',
        '{ graph { nodes(first: 100) { edges { node { outgoing(first: 100) { to { outgoing(first: 100) { id } } } } } } } }',
        /cost/,
      ],
      ['tokens', `{ ${'a '.repeat(4000)} }`, /tokens/i],
      [
        'fragments upon fragments',
        `{ ...f0 } ${Array.from({ length: 20 }, (_, at) => `fragment f${at} on Query { ${at < 19 ? `...f${at + 1} ...f${at + 1}` : '__typename'} }`).join(' ')}`,
        /fields/,
      ],
    ]
    for (const [name, query, fault] of rows) {
      const answer = await ada.post('/graphql', { query }, MODERN)
      t.equal(answer.statusCode, 400, name)
      t.match(
        answer
          .json<Answer>()
          .errors?.map(({ message }) => message)
          .join(),
        fault,
        name,
      )
    }
    const near = await ask(ada, '{ sourcs { id } }')
    t.notMatch(near.errors?.[0]?.message, /mean/, 'nothing is suggested')
  })

  await t.test('how a revision differs from an earlier one', async (t) => {
    const files = { ...FILES, 'src/core.ts': 'export const core = () => 1\nconst fresh = () => 2\n' }
    const next = await upload(ada, 'shop.tgz', archiveOf(files))
    const again = 'mutation ($ids: [ID!]!, $id: ID!) { analyze(uploadIds: $ids, sourceId: $id) { job { id } } }'
    const { data: made } = await ask(ada, again, { ids: [next], id: source.id })
    const made2 = made as unknown as { analyze: { job: { id: string } } }
    t.match(await ended(app, ada, made2.analyze.job.id), { state: 'completed' })
    const differs = `query ($after: String, $from: Int!) { graph(sourceId: "${source.id}") { diff(from: $from, first: 1, after: $after) { from revision
      added { nodes { key } edges { kind to { key } } } removed { nodes edges } changed { nodes { key } } nextCursor } } }`
    const [added, removed, changed]: [string[], string[], string[]] = [[], [], []]
    let after: string | null = null
    do {
      const { data, errors }: Answer = await ask(ada, differs, { after, from: 1 })
      t.equal(errors, undefined, JSON.stringify(errors))
      type Part = { nodes: { key: string }[] }
      const { diff } = (
        data as unknown as {
          graph: { diff: { added: Part; removed: { nodes: string[] }; changed: Part; nextCursor: string | null } }
        }
      ).graph
      t.match(diff, { from: 1, revision: 2 })
      added.push(...diff.added.nodes.map(({ key }) => key))
      removed.push(...diff.removed.nodes)
      changed.push(...diff.changed.nodes.map(({ key }) => key))
      after = diff.nextCursor
    } while (after !== null)
    t.strictSame(added, ['src/core.ts#fresh().'])
    t.equal(removed.length, 1)
    t.ok(changed.includes('src/core.ts'), changed.join(' '))
    t.match(await ask(ada, differs, { from: 9 }), { errors: [{ extensions: { code: 'NOT_FOUND' } }] })
  })

  t.match(await ask(ada, `mutation { deleteSource(id: "${source.id}") }`), { data: { deleteSource: source.id } })
  t.match(
    await ask(ada, '{ __schema { queryType { name } } }'),
    { data: { __schema: {} } },
    'introspection outside of production',
  )
})

t.test('a loader asks once for what is asked in one turn', async (t) => {
  const asked: number[][] = []
  const load = createLoader(async (keys: number[]) => {
    asked.push(keys)
    return new Map(keys.filter((key) => key > 0).map((key) => [key, key * 2]))
  })
  t.strictSame(await Promise.all([load(1), load(2), load(1), load(0)]), [2, 4, 2, undefined])
  t.equal(await load(2), 4)
  t.strictSame(asked, [[1, 2, 0]])
})
