import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { clientFrame, createFrameReader } from '../bench/lib/frames.ts'
import { answerLength } from '../bench/lib/http-load.ts'
import { cpuSeconds, residentBytes } from '../bench/lib/proc.ts'
import { renderDocument } from '../bench/lib/report.ts'
import { holds, type LoadResult } from '../bench/lib/result.ts'
import { eachMark } from '../bench/lib/socket-fan-out.ts'
import { median, pairedRatio, percentile } from '../bench/lib/stats.ts'

t.test('statistics', async (t) => {
  t.equal(median([3, 1, 2]), 2)
  t.equal(median([4, 1, 2, 3]), 2.5)
  t.ok(Number.isNaN(median([])))
  t.equal(percentile([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 0.5), 5)
  t.equal(percentile([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 0.99), 10)
  t.equal(percentile([7], 0.01), 7)
  t.equal(pairedRatio([10, 20, 90], [5, 10, 30]), 2, 'the quotient of each round, not of the medians')
})

t.test('figures', async (t) => {
  t.equal(holds({ name: 'x', value: 1 }), undefined)
  t.equal(holds({ name: 'x', value: 1, figure: { atLeast: 1 } }), true)
  t.equal(holds({ name: 'x', value: 0.99, figure: { atLeast: 1 } }), false)
  t.equal(holds({ name: 'x', value: 1.41, figure: { atMost: 1.4 } }), false)
  t.equal(holds({ name: 'x', value: Number.NaN, figure: { atMost: 1.4 } }), false, 'no measurement is no success')
})

t.test('framing of HTTP answers', async (t) => {
  const whole = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello'
  t.equal(answerLength(Buffer.from(whole)), whole.length)
  t.equal(answerLength(Buffer.from(whole.slice(0, -1))), 0)
  t.equal(answerLength(Buffer.from('HTTP/1.1 200 OK\r\nConte')), 0)
  const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n'
  t.equal(answerLength(Buffer.from(chunked)), chunked.length)
  t.equal(answerLength(Buffer.from(chunked.slice(0, -4))), 0)
  const empty = 'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\n\r\n'
  t.equal(answerLength(Buffer.from(empty)), empty.length)
})

t.test('WebSocket frames survive any split of the stream', async (t) => {
  const texts = ['a', 'b'.repeat(125), 'c'.repeat(126), 'd'.repeat(40_000)]
  const server = Buffer.concat(
    texts.map((text) => {
      const framed = clientFrame(Buffer.from(text), 1)
      const head = text.length < 126 ? 2 : 4
      // A server frame is the client's without mask bit and mask.
      const plain = Buffer.concat([framed.subarray(0, head), framed.subarray(head + 4)])
      plain[1] = plain[1]! & 0x7f
      return plain
    }),
  )
  for (const size of [1, 3, 127, 100_000]) {
    const seen: string[] = []
    const read = createFrameReader((opcode, payload) => {
      t.equal(opcode, 1)
      seen.push(payload.toString())
    })
    for (let at = 0; at < server.length; at += size) read(server.subarray(at, at + size))
    t.same(seen, texts, `in pieces of ${size}`)
  }
})

t.test('marks of messages', async (t) => {
  const seen: number[] = []
  eachMark(Buffer.from('[{"content":"#7#"},{"content":"# 8#"},{"content":"#19#"}] ##'), (n) => seen.push(n))
  t.same(seen, [7, 19])
})

t.test('readings of a process', { skip: process.platform !== 'linux' && 'needs /proc' }, async (t) => {
  t.ok(cpuSeconds(process.pid) > 0)
  t.ok(residentBytes(process.pid) > 10 * 1_048_576)
})

t.test('docs/benchmarks.md is made of the stored results', async (t) => {
  const directory = join('bench', 'results')
  const files = readdirSync(directory).filter((file) => file.endsWith('.json'))
  const results = files.map((file): LoadResult => JSON.parse(readFileSync(join(directory, file), 'utf8')))
  const expected = renderDocument(results, readFileSync(join('bench', 'method.md'), 'utf8'))
  t.equal(readFileSync(join('docs', 'benchmarks.md'), 'utf8'), expected, 'run `npm run bench -- --render`')
})
