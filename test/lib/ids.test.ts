import t from 'tap'
import { validate, version } from 'uuid'
import { isId, newId } from '../../src/lib/ids.ts'

t.test('ids are UUIDs of version 7 that ascend and carry the time', async (t) => {
  const before = Date.now()
  const ids = Array.from({ length: 20_000 }, newId)
  t.equal(new Set(ids).size, ids.length)
  t.same(ids, [...ids].sort(), 'ascending, also within a millisecond')
  for (const id of [ids[0]!, ids[9_999]!, ids.at(-1)!]) {
    t.ok(validate(id) && version(id) === 7 && isId(id), id)
    const time = Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16)
    t.ok(time >= before && time <= Date.now() + 10, 'its time is that of its making')
  }
  t.ok(new Set(ids.map((id) => id.slice(24))).size === ids.length, 'the tail is random')
})

t.test('form of an id', async (t) => {
  for (const [text, expected] of [
    ['01920b5e-7d3c-7cc0-8f6e-2f1f0d9a4b11', true],
    ['01920B5E-7D3C-7CC0-8F6E-2F1F0D9A4B11', true],
    ['01920b5e7d3c7cc08f6e2f1f0d9a4b11', false],
    ['01920b5e-7d3c-7cc0-8f6e-2f1f0d9a4b1g', false],
    ['', false],
  ] as const) {
    t.equal(isId(text), expected, text)
  }
})
