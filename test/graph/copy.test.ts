import fc from 'fast-check'
import t from 'tap'
import { json, line } from '../../src/graph/writer/copy.ts'

/** Text of all that is hard to store, and of what only looks like it. */
const hard = fc
  .array(
    fc.oneof(
      fc.constantFrom('\0', '\ud800', '\udfff', '\\u0000', '\\', 'ud800', '"', '\n', '\t', '\u{1f600}'),
      fc.string(),
    ),
  )
  .map((parts) => parts.join(''))
/** What PostgreSQL takes. */
const stored = (text: string) => text.replaceAll('\0', '').toWellFormed()

t.test('JSON and lines hold what PostgreSQL takes, and all of that', (t) => {
  fc.assert(
    fc.property(hard, hard, (name, doc) => {
      const value = { name, notes: [{ doc }], count: 1, known: true }
      const wanted = { name: stored(name), notes: [{ doc: stored(doc) }], count: 1, known: true }
      t.strictSame(JSON.parse(json(value)), wanted)
      const unescaped: Record<string, string> = { n: '\n', r: '\r', t: '\t', '\\': '\\' }
      const columns = line([name, undefined, 1, doc]).slice(0, -1).split('\t')
      const read = columns.map((column) =>
        column.replace(/\\(.)/g, (all, character: string) => unescaped[character] ?? all),
      )
      t.strictSame(read, [stored(name), '\\N', '1', stored(doc)])
    }),
    {
      examples: [
        ['\0', '\\u0000'],
        ['\ud83d', '\\ud83d'],
      ],
    },
  )
  t.end()
})
