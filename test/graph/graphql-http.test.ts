// The audits of graphql-http 1.23.1 (github.com/graphql/graphql-http) as a table, under their ids, and what the specification says besides.
import type { LightMyRequestResponse } from 'fastify'
import t from 'tap'
import { type Person, person, testApp } from '../helpers/app.ts'

const JSON_TYPE = 'application/json'
const MODERN = 'application/graphql-response+json'
const query = '{ __typename }'
const named = 'query Query { __typename }'
const typed = 'query Type($name: String!) { __type(name: $name) { name } }'
const wrong = [{ obj: 'ect' }, 0, false, ['array']]
const unlike = ['string', 0, false, ['array']]

interface Expected {
  status: number
  type?: string
  errors?: boolean
  noData?: boolean
}
type Row = [id: string, call: (as: Person) => Promise<LightMyRequestResponse>, expected: Expected]

const post =
  (body: unknown, accept?: string, type = JSON_TYPE) =>
  (as: Person) =>
    as.post('/graphql', body, { ...(accept && { accept }), 'content-type': type })
const get = (parameters: Record<string, string>, accept?: string) => (as: Person) =>
  as.get(`/graphql?${new URLSearchParams(parameters)}`, accept ? { accept } : {})
/** Wrong in each way, refused by 400 whatever is accepted. */
const each = (id: string, values: readonly unknown[], bodyOf: (value: unknown) => object): Row[] =>
  values.flatMap((value, index): Row[] =>
    [undefined, JSON_TYPE, MODERN].map((accept) => [`${id}${index}`, post(bodyOf(value), accept), { status: 400 }]),
  )
const fine = { status: 200, errors: false }

const ROWS: Row[] = [
  ['22EB', post({ query }, MODERN), { status: 200, type: MODERN }],
  ['4655', post({ query }, JSON_TYPE), { status: 200, type: JSON_TYPE }],
  ['47DE', post({ query }, '*/*'), { status: 200, type: JSON_TYPE }],
  ['80D8', post({ query }), { status: 200, type: JSON_TYPE }],
  ['82A3', post({ query }), { status: 200, type: 'charset=utf-8' }],
  [
    'BF61',
    post({ query: '{ __type(name: "Run🏃Swim🏊") { name } }' }, undefined, 'application/json; charset=utf-8'),
    fine,
  ],
  ['78D5', post({ query }), fine],
  ['5A70', get({ query }), fine],
  ['9C48', get({ query: 'mutation { __typename }' }, MODERN), { status: 405 }],
  ['9ABE', (as) => as.post('/graphql'), { status: 400 }],
  ['A5BF', post(undefined), { status: 400 }],
  ['423L', post({ notquery: query }, MODERN), { status: 400 }],
  ['8764', post({ qeury: query }, JSON_TYPE), { status: 400 }],
  ['34A2', post({ query }, MODERN), fine],
  ['13EE', post({ query }, JSON_TYPE), fine],
  ['8161', post({ query: named, operationName: 'Query' }, MODERN), fine],
  ['B8B3', post({ query: named, operationName: 'Query' }, JSON_TYPE), fine],
  ...each('LKJ', wrong, (value) => ({ query: value })),
  ...each('6C0', wrong, (value) => ({ query, operationName: value })),
  ...each('476', unlike, (value) => ({ query, variables: value })),
  ...each('58B', unlike, (value) => ({ query, extensions: value })),
  ...['variables', 'operationName', 'extensions'].flatMap((name, index): Row[] => [
    [`94B${index}`, post({ query, [name]: null }, MODERN), fine],
    [`022${index}`, post({ query, [name]: null }, JSON_TYPE), fine],
  ]),
  ['2EA1', post({ query: typed, variables: { name: 'sometype' } }, MODERN), fine],
  ['28B9', post({ query: typed, variables: { name: 'sometype' } }, JSON_TYPE), fine],
  ['D6D5', get({ query: typed, variables: '{"name":"sometype"}' }, MODERN), fine],
  ['6A70', get({ query: typed, variables: '{"name":"sometype"}' }, JSON_TYPE), fine],
  ['428F', post({ query, extensions: { some: 'value' } }, MODERN), fine],
  ['1B7A', post({ query, extensions: { some: 'value' } }, JSON_TYPE), fine],
  ['BCF8', post('{ "not a JSON', JSON_TYPE), { status: 400 }],
  ['B7N8', post('{ "not a JSON', MODERN), { status: 400 }],
  ['572B', post({ query: '{' }, JSON_TYPE), { status: 200, errors: true, noData: true }],
  ['FDE2', post({ query: '{ unknownField }' }, JSON_TYPE), { status: 200, errors: true, noData: true }],
  ['7B9B', post({ query: typed, variables: { name: 1 } }, JSON_TYPE), { status: 200, errors: true }],
  ['865D 556A D586', post({ query: '{' }, MODERN), { status: 400, type: MODERN, errors: true, noData: true }],
  [
    '51FE 74FF 5E5B',
    post({ query: '{ unknownField }' }, MODERN),
    { status: 400, type: MODERN, errors: true, noData: true },
  ],
  ['86EE', post({ query: typed, variables: { name: 1 } }, MODERN), { status: 400, errors: true, noData: true }],
  ['all null', post({ query, variables: null, operationName: null, extensions: null }, MODERN), fine],
  ['null by GET', get({ query, variables: 'null', extensions: 'null' }), fine],
  ['no query by GET', get({}), { status: 400 }],
  [
    'a subscription',
    post({ query: 'subscription { __typename }' }, MODERN),
    { status: 400, errors: true, noData: true },
  ],
  ['a batch', post([{ query }, { query }]), { status: 400 }],
  ['a form', post('query={__typename}', undefined, 'application/x-www-form-urlencoded'), { status: 415 }],
  ['plain text, as pages may send it unasked', post(query, undefined, 'text/plain'), { status: 415 }],
]

t.test('the audits of GraphQL over HTTP', async (t) => {
  const app = await testApp(t)
  const ada = await person(app)
  for (const [id, call, { status, type, errors, noData }] of ROWS) {
    const answer = await call(ada)
    t.equal(answer.statusCode, status, `${id}: ${answer.body}`)
    if (type) t.match(answer.headers['content-type'], type, id)
    if (errors !== undefined) t.equal('errors' in answer.json<object>(), errors, `${id}: ${answer.body}`)
    if (noData) t.notOk('data' in answer.json<object>(), id)
  }
  t.equal((await app.inject({ method: 'POST', url: '/graphql', payload: { query } })).statusCode, 401, 'BC58')
})

t.test('in production the schema is not told', async (t) => {
  const secret = () => Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('base64')
  const app = await testApp(t, {
    env: { NODE_ENV: 'production', JWT_SECRET: secret(), COOKIE_SECRET: secret(), ENCRYPTION_KEY: `1:${secret()}` },
  })
  const ada = await person(app)
  const rows: [query: string, told: RegExp][] = [
    ['{ __schema { types { name } } }', /introspection/i],
    ['{ __type(name: "Query") { fields { name } } }', /introspection/i],
    ['{ sourcs { edges { cursor } } }', /^Cannot query field "sourcs" on type "Query"\.$/],
  ]
  for (const [text, told] of rows) {
    const answer = await ada.post('/graphql', { query: text }, { accept: MODERN })
    t.equal(answer.statusCode, 400)
    t.match(answer.json<{ errors: { message: string }[] }>().errors[0]?.message, told)
  }
  t.match((await ada.post('/graphql', { query })).json(), { data: { __typename: 'Query' } })
})
