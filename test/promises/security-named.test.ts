import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'

// Requirements of the project's security list that must each have a test of their name: accounts, sessions, authorization (1 to 35) and hashing
// under load (80). A test is named `SECURITY 9, 11: ...` or
// `SECURITY 18 to 21, 33: ...`; names of rows within it (`33: ...`) do not count.

const REQUIRED = [...Array.from({ length: 35 }, (_, index) => index + 1), 80]
const TITLE = /['"`](SECURITY )?(\d+(?:(?:, | to | and )\d+)*): /g
const FOLDER = fileURLToPath(new URL('../', import.meta.url))

/** The numbers of a title: `18 to 21, 33` are five. */
function numbersOf(list: string): number[] {
  return list.split(/, | and /).flatMap((part) => {
    const [from = 0, to = from] = part.split(' to ').map(Number)
    return Array.from({ length: to - from + 1 }, (_, index) => from + index)
  })
}

/** Which files name a number: by the title of a test, and at all. */
function namedIn(files: readonly { name: string; text: string }[]) {
  const [tests, rows] = [new Map<number, string[]>(), new Map<number, string[]>()]
  for (const { name, text } of files)
    for (const [, title, list = ''] of text.matchAll(TITLE))
      for (const number of numbersOf(list)) {
        const found = title === undefined ? rows : tests
        found.set(number, [...(found.get(number) ?? []), name])
      }
  return { tests, rows }
}

const testFiles = () =>
  readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts') && !name.includes('security-named'))
    .map((name) => ({ name, text: readFileSync(join(FOLDER, name), 'utf8') }))

t.test('each requirement has a test of its name', async (t) => {
  const { tests } = namedIn(testFiles())
  for (const number of REQUIRED) {
    const files = [...new Set(tests.get(number) ?? [])]
    t.ok(files.length > 0, `SECURITY ${number}: ${files.join(', ') || 'no test is named after it'}`)
  }
})

t.test('the check reads titles as they are written, and misses what is missing', async (t) => {
  const text = `
    t.test('SECURITY 1, 3: a', () => {})
    t.test("SECURITY 5 to 7 and 9: b", () => {})
    t.test(\`SECURITY 11: c\`, () => {})
    const rows = [['13: d', 1]]
    t.test('SECURITY: nothing', () => {})
    t.test('about SECURITY 15', () => {})`
  const { tests, rows } = namedIn([{ name: 'x', text }])
  t.same(
    [...tests.keys()].sort((a, b) => a - b),
    [1, 3, 5, 6, 7, 9, 11],
  )
  t.same([...rows.keys()], [13], 'what stands in a table is told apart: a row is no test')
})
