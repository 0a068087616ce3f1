import { ackSchema } from '../contracts/acks.ts'
import { EVENTS, type EventDefinition, TOPIC_KINDS } from '../contracts/events.ts'
import {
  CLIENT_FRAMES,
  CLOSE_CODES,
  type ClientFrameType,
  MAX_FRAME_BYTES,
  SERVER_FRAMES,
  type ServerFrameType,
} from '../contracts/frames.ts'
import { CLIENT_EXAMPLES, SERVER_EXAMPLES } from './examples.ts'
import { recordName, type Schema, typeName } from './schema.ts'

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
const escaped = (text: unknown): string => String(text).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '')
const code = (text: unknown): string => `<code>${escaped(text)}</code>`

const CONNECT = `const socket = new WebSocket('wss://chat.example.com/ws', ['parley.v1', 'bearer.' + accessToken])
socket.onopen = () => socket.send(JSON.stringify({ id: 1, type: 'subscribe', topic: 'conversation:' + id }))
socket.onmessage = ({ data }) => {
  for (const frame of [JSON.parse(data)].flat()) console.log(frame.type, frame)
}`

function table(head: string[], rows: string[][]): string {
  const line = (cells: string[], tag: 'th' | 'td') =>
    `<tr>${cells.map((cell) => `<${tag}>${cell}</${tag}>`).join('')}</tr>`
  return `<div class="scroll"><table><thead>${line(head, 'th')}</thead><tbody>${rows.map((row) => line(row, 'td')).join('')}</tbody></table></div>`
}

function bounds({ minLength, maxLength, minimum, maximum, maxItems }: Schema): string {
  const upper = maximum === Number.MAX_SAFE_INTEGER ? undefined : maximum
  const parts = [
    ...(minimum === undefined && upper === undefined ? [] : [`${minimum ?? ''}…${upper ?? ''}`]),
    ...(maxLength === undefined ? [] : [`${minLength ?? 0}…${maxLength} characters`]),
    ...(maxItems === undefined ? [] : [`at most ${maxItems}`]),
  ]
  return parts.length === 0 ? '' : ` <span class="type">(${escaped(parts.join(', '))})</span>`
}

function typeCell(schema: Schema): string {
  const record = recordName(schema) ?? (schema.items && recordName(schema.items))
  const text = code(typeName(schema))
  return (record ? `<a href="/docs/asyncapi.json#${escaped(record)}">${text}</a>` : text) + bounds(schema)
}

function fields(schema: Schema): string {
  const rows = Object.entries(schema.properties ?? {})
    .filter(([name]) => name !== 'type')
    .map(([name, property]) => [
      `<code${schema.required?.includes(name) ? ' class="need"' : ''}>${escaped(name)}</code>`,
      typeCell(property),
      escaped(property.description ?? ''),
    ])
  return rows.length === 0 ? '' : table(['field', 'type', ''], rows)
}

const answerOf = (type: ClientFrameType): string => {
  const { id, ...properties } = ackSchema(type).properties as Record<string, Schema>
  const shown = fields({ properties, required: ackSchema(type).required as string[] })
  return shown && `<h4>ack</h4>${shown}`
}

function frame(side: 'client' | 'server', type: string, schema: Schema, example: object, more = ''): string {
  const id = `${side}-${type}`
  return `<article id="${id}"><span class="way">${side === 'client' ? 'client → server' : 'server → client'}</span>
<h3><a href="#${id}">${escaped(type)}</a></h3><p>${escaped(schema.description ?? '')}</p>
${fields(schema)}${more}<pre>${escaped(JSON.stringify(example))}</pre></article>`
}

const events = () =>
  table(
    ['event', 'on the topics', 'data', 'frame', ''],
    (Object.entries(EVENTS) as [string, EventDefinition][]).map(([name, { topics, data, frame: type, summary }]) => [
      code(name),
      topics.map((kind) => code(`${kind}:<id>`)).join(' '),
      code(data),
      code(type ?? 'event'),
      escaped(summary),
    ]),
  )

const contents = (title: string, side: string, types: string[]) =>
  `<h2>${title}</h2><ul>${types.map((type) => `<li><a href="#${side}-${type}">${escaped(type)}</a></li>`).join('')}</ul>`

function body(): string {
  const clients = Object.keys(CLIENT_FRAMES) as ClientFrameType[]
  const servers = Object.keys(SERVER_FRAMES) as ServerFrameType[]
  return `<div class="page"><aside>
<h2>Protocol</h2><ul><li><a href="#connect">connect</a></li><li><a href="#topics">topics</a></li><li><a href="#close">close codes</a></li></ul>
${contents('Client frames', 'client', clients)}${contents('Server frames', 'server', servers)}
</aside><main>
<h1 id="connect">The WebSocket protocol</h1>
<p>One socket at ${code('/ws')}, subprotocol ${code('parley.v1')}, JSON text frames of at most ${MAX_FRAME_BYTES / 1024} KiB; several may travel as one JSON
array, both ways. The token comes as the subprotocol ${code('bearer.<token>')} or as the first frame, never in the URL. Fields with a
<span class="need"></span> are required.</p>
<pre>${escaped(CONNECT)}</pre>
<h2 id="client">From the client</h2>
<p>A frame with an ${code('id')} gets exactly one ${code('ack')} or ${code('error')} with the same id. Errors carry the codes of the REST API.</p>
${clients.map((type) => frame('client', type, CLIENT_FRAMES[type] as unknown as Schema, CLIENT_EXAMPLES[type], answerOf(type))).join('\n')}
<h2 id="server">From the server</h2>
${servers.map((type) => frame('server', type, SERVER_FRAMES[type] as unknown as Schema, SERVER_EXAMPLES[type])).join('\n')}
<h2 id="topics">Topics and their events</h2>
<p>Topics are ${TOPIC_KINDS.map((kind) => code(`${kind}:<id>`)).join(', ')}. Within one topic and epoch, ${code('seq')} has no holes: keep the last one you have seen,
and subscribe with ${code('since')} after a loss.</p>
${events()}
<h2 id="close">Close codes</h2>
${table(
  ['code', 'come back?', 'meaning'],
  Object.values(CLOSE_CODES).map(({ code: number, retry, summary }) => [
    code(number),
    retry ? 'yes' : 'no',
    escaped(summary),
  ]),
)}
</main></div>`
}

/** The readable page of the protocol, from the tables that validate. `style` is the address of its style sheet. */
export const protocolPage = (style: string, version: string): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Parley: the WebSocket protocol</title><link rel="icon" href="data:,"><link rel="stylesheet" href="${escaped(style)}"></head>
<body><header><span class="mark">P</span><strong>Parley</strong><span>WebSocket ${escaped(version)}</span>
<nav><a href="/docs">REST API</a><a href="/docs/asyncapi.json">AsyncAPI</a></nav></header>
${body()}</body></html>`
