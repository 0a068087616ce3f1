// Without the SDK: nothing but fetch. Signs up, asks one question, and reads the answer as server-sent events.
//
//   npm start                                  (in another terminal)
//   npx tsx examples/plain-http.ts [url]
const url = process.argv[2] ?? 'http://127.0.0.1:3000'

async function post(path: string, body: object, headers: Record<string, string> = {}): Promise<Response> {
  const response = await fetch(url + path, {
    method: 'POST',
    // The key makes it safe to send the same request again when no answer came.
    headers: { 'content-type': 'application/json', 'idempotency-key': crypto.randomUUID(), ...headers },
    body: JSON.stringify(body),
  })
  if (response.ok) return response
  const { code, detail, requestId } = (await response.json()) as { code: string; detail: string; requestId: string }
  throw new Error(`${code}: ${detail} (request ${requestId})`)
}

const account = { email: `plain-${Date.now()}@example.com`, password: 'correct horse battery staple' }
const { accessToken } = (await (await post('/api/auth/register', account)).json()) as { accessToken: string }

const asSse = { authorization: `Bearer ${accessToken}`, accept: 'text/event-stream' }
const answer = await post('/api/chat', { message: 'What can you tell me?' }, asSse)
const decoder = new TextDecoder()
for await (const chunk of answer.body ?? []) process.stdout.write(decoder.decode(chunk, { stream: true }))

export {}
