import { Parser } from '@asyncapi/parser'
import { Ajv } from 'ajv'
import formats from 'ajv-formats'
import t from 'tap'
import { recordSchemas } from '../../scripts/docs/record-schemas.ts'
import { asyncApiDocument, eventSchema } from '../../src/asyncapi/document.ts'
import { CLIENT_EXAMPLES, SERVER_EXAMPLES } from '../../src/asyncapi/examples.ts'
import { EVENTS, type EventDefinition, TOPIC_KINDS } from '../../src/contracts/events.ts'
import { CLIENT_FRAMES, CLOSE_CODES, SERVER_FRAMES } from '../../src/contracts/frames.ts'
import { caller, testApp } from '../helpers/app.ts'
import { browserTest } from '../helpers/browser.ts'

type Document = ReturnType<typeof asyncApiDocument> & { components: { schemas: Record<string, object> } }

const EVENT_LIST = Object.entries(EVENTS) as [string, EventDefinition][]

t.test('the AsyncAPI document', async (t) => {
  const app = await testApp(t)
  const answer = await caller(app).get('/docs/asyncapi.json')
  t.equal(answer.statusCode, 200)
  const document = answer.json<Document>()

  await t.test('is valid, without a single complaint', async (t) => {
    const { document: parsed, diagnostics } = await new Parser().parse(answer.body)
    t.same(
      diagnostics.filter(({ severity }) => severity <= 1).map(({ message, path }) => [message, path.join('/')]),
      [],
    )
    t.equal(parsed?.version(), '3.0.0')
    t.ok((parsed?.allOperations().length ?? 0) >= Object.keys(CLIENT_FRAMES).length + TOPIC_KINDS.length)
  })

  await t.test('has every frame, every event on every of its topics, and every record that they carry', async (t) => {
    const names = Object.keys(document.components.messages)
    for (const type of Object.keys(CLIENT_FRAMES)) {
      t.ok(names.includes(`client.${type}`), type)
      t.ok(names.includes(`ack.${type}`), `ack of ${type}`)
    }
    for (const type of Object.keys(SERVER_FRAMES)) {
      if (type !== 'event' && type !== 'ack') t.ok(names.includes(`server.${type}`), type)
    }
    for (const [name, { topics, frame, data }] of EVENT_LIST) {
      const message = frame ? `server.${frame}` : `event.${name}`
      for (const kind of topics) {
        const channel = (document.channels as Record<string, { messages: object }>)[`topic.${kind}`]
        t.hasProp(channel?.messages ?? {}, message, `${name} on ${kind}:<id>`)
      }
      if (!frame) t.hasProp(document.components.schemas, data)
    }
  })

  await t.test('has the stream of server-sent events beside the socket', async (t) => {
    const channels = document.channels as Record<string, { address: string; messages: object }>
    const { address, messages } = channels.events as { address: string; messages: object }
    t.equal(address, '/api/events')
    t.hasProps(messages, ['server.system', 'server.database_change', 'event.message.created', 'stream.close'])
    t.notHas(messages, { 'server.error': Object })
    t.ok(Object.keys(messages).every((name) => !/^(client|ack)\./.test(name)))
    t.notOk('stream.close' in (channels.socket as { messages: object }).messages)
    t.match((document.operations as Record<string, object>).onEventStream, {
      action: 'send',
      channel: { $ref: /events$/ },
    })
  })

  await t.test('is made from the schemas that the tests hold every received frame against', async (t) => {
    const own = asyncApiDocument({
      version: document.info.version,
      records: await recordSchemas(),
      host: document.servers.parley.host,
      secure: false,
    })
    t.same(JSON.parse(JSON.stringify(own)), document)
  })

  await t.test('its examples are what it describes', async (t) => {
    const ajv = new Ajv({ strict: false })
    formats.default(ajv)
    for (const schema of Object.values(await recordSchemas())) ajv.addSchema(schema)
    const tables = [
      [CLIENT_FRAMES, CLIENT_EXAMPLES],
      [SERVER_FRAMES, SERVER_EXAMPLES],
    ] as const
    for (const [schemas, examples] of tables) {
      t.same(Object.keys(examples), Object.keys(schemas))
      for (const [type, example] of Object.entries(examples)) {
        const validate = ajv.compile((schemas as Record<string, object>)[type] as object)
        t.ok(validate(example), `${type}: ${ajv.errorsText(validate.errors)}`)
      }
    }
    const told = eventSchema('message.created', EVENTS['message.created']) as { properties: { data: object } }
    const data = { ...told.properties.data, $ref: 'Message#' }
    const validate = ajv.compile({ ...told, properties: { ...told.properties, data } })
    t.ok(validate(SERVER_EXAMPLES.event), ajv.errorsText(validate.errors))
    t.notOk(validate({ ...SERVER_EXAMPLES.event, name: 'message.deleted' }), 'and nothing else')
  })
})

t.test('it names the address under which clients reach the server', async (t) => {
  const app = await testApp(t, { env: { PUBLIC_URL: 'https://chat.example.com' } })
  t.match((await caller(app).get('/docs/asyncapi.json')).json(), {
    servers: { parley: { host: 'chat.example.com', protocol: 'wss' } },
  })
})

t.test('the page /docs/websocket', async (t) => {
  const app = await testApp(t)
  const { statusCode, headers, body } = await caller(app).get('/docs/websocket')
  t.equal(statusCode, 200)
  t.match(headers['content-type'], 'text/html')
  for (const type of Object.keys(CLIENT_FRAMES)) t.match(body, `id="client-${type}"`)
  for (const type of Object.keys(SERVER_FRAMES)) t.match(body, `id="server-${type}"`)
  for (const name of Object.keys(EVENTS)) t.match(body, name)
  for (const { code } of Object.values(CLOSE_CODES)) t.match(body, String(code))
  for (const [, target] of body.matchAll(/href="#([^"]+)"/g)) t.match(body, `id="${target}"`, `#${target} is there`)

  await browserTest(t, 'in a browser: styled, nothing blocked, nothing wider than the screen', async (t, browser) => {
    const origin = await app.listen({ port: 0, host: '127.0.0.1' })
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } })
    const complaints: string[] = []
    page.on('console', (message) => void (message.type() === 'error' && complaints.push(message.text())))
    await page.goto(`${origin}/docs/websocket`)
    for (const width of [1280, 390]) {
      await page.setViewportSize({ width, height: 900 })
      const shown = await page.evaluate<{ wide: boolean; columns: string }>(
        `({ wide: document.documentElement.scrollWidth > innerWidth, columns: getComputedStyle(document.querySelector('.page')).display })`,
      )
      t.same(shown, { wide: false, columns: 'grid' }, `${width} pixels`)
      if (process.env.SCREENSHOTS) await page.screenshot({ path: `${process.env.SCREENSHOTS}/websocket-${width}.png` })
    }
    t.same(complaints, [])
  })
})
