import fc from 'fast-check'
import { XMLParser, XMLValidator } from 'fast-xml-parser'
import t from 'tap'
import { pack } from '../../src/graph/picture/pack.ts'
import { drawPicture, MOST_FILES, type PictureEdge } from '../../src/graph/picture/svg.ts'
import { browserTest } from '../helpers/browser.ts'

/** A tree of folders with files that import each other, the same each time. */
function world(size: number) {
  const files = Array.from({ length: size }, (_, at) => ({
    path: `packages/p${at % 7}/src/${at % 3 === 0 ? 'deep/' : ''}a-rather-long-name-of-a-file-${at}.ts`,
    language: at % 5 === 0 ? 'markdown' : 'typescript',
    lines: at,
  }))
  const edges = files.flatMap(({ path }, at): PictureEdge[] =>
    [at * 3 + 1, at + 7, at * 5 + 2].map((to) => ({
      from: path,
      to: (files[to % size] as { path: string }).path,
      kind: at % 5 === 0 ? 'links' : 'imports',
      typeOnly: at % 4 === 0,
    })),
  )
  return { title: 'A <title> & "more"', files, edges }
}
const groupsOf = (files: { path: string }[]) =>
  Array.from({ length: 9 }, (_, group) => files.filter((_, at) => at % 9 === group).map(({ path }) => path))

const big = world(MOST_FILES + 400)
const PICTURES = {
  small: world(20),
  full: world(MOST_FILES),
  communities: { ...big, groups: groupsOf(big.files) },
  empty: { title: 'nothing', files: [], edges: [] },
}

interface Element {
  rect?: { x: number; y: number; width: number; height: number }[]
  g?: Element[]
  title?: string
}
const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '',
  parseAttributeValue: true,
  isArray: (name) => ['g', 'rect', 'text', 'path'].includes(name),
})

for (const [name, input] of Object.entries(PICTURES)) {
  t.test(`the picture: ${name}`, async (t) => {
    const svg = drawPicture(input)
    t.equal(XMLValidator.validate(svg), true, 'XML')
    t.equal(drawPicture(structuredClone(input)), svg, 'the same graph, the same picture')
    const drawing = (parser.parse(svg) as { svg: Element & { width: number; height: number } }).svg
    const boxes = (drawing.g?.[0]?.g ?? []).flatMap(({ rect = [] }) => rect)
    const pills = boxes.filter(({ height }) => height === 18)
    const cross = (a: (typeof boxes)[number], b: (typeof boxes)[number]) =>
      a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height
    t.notOk(
      pills.some((one, at) => pills.slice(at + 1).some((other) => cross(one, other))),
      'no file covers another',
    )
    t.ok(boxes.every((box) => box.x >= 0 && box.x + box.width <= drawing.width && box.y + box.height <= drawing.height))
    if (name === 'full') t.equal(pills.length, MOST_FILES, 'every file is shown')
    if (name === 'communities') t.ok(pills.length <= MOST_FILES && svg.includes(' more</text>'))
    if (name !== 'empty') t.match(svg, /typescript<\/text>[\s\S]*links<\/text>/, 'a legend')
  })
}

t.test('a cycle has a colour, one of types alone has none', async (t) => {
  const files = ['a.ts', 'b.ts', 'c.ts'].map((path) => ({ path, language: 'typescript', lines: 1 }))
  const edge = (from: string, to: string, typeOnly = false): PictureEdge => ({ from, to, kind: 'imports', typeOnly })
  const round = drawPicture({ title: 'x', files, edges: [edge('a.ts', 'b.ts'), edge('b.ts', 'a.ts')] })
  t.match(round, '1 cycle')
  t.match(round, 'in a cycle of imports')
  t.equal(round.match(/class="c"/g)?.length, 2)
  const types = drawPicture({ title: 'x', files, edges: [edge('a.ts', 'b.ts'), edge('b.ts', 'a.ts', true)] })
  t.match(types, '0 cycles')
  t.notMatch(types, 'class="c"')
})

t.test('what is packed has a place of its own', async (t) => {
  const side = fc.integer({ min: 1, max: 400 })
  const block = fc.record({ width: side, height: side })
  fc.assert(
    fc.property(fc.array(block, { maxLength: 30 }), (blocks) => {
      const { places, width, height } = pack(blocks, 5)
      const boxes = blocks.map((one, at) => ({ ...one, ...(places[at] as { x: number; y: number }) }))
      const apart = boxes.every((a, at) =>
        boxes
          .slice(at + 1)
          .every(
            (b) =>
              a.x + a.width + 4.9 <= b.x ||
              b.x + b.width + 4.9 <= a.x ||
              a.y + a.height + 4.9 <= b.y ||
              b.y + b.height + 4.9 <= a.y,
          ),
      )
      return apart && boxes.every((one) => one.x + one.width <= width && one.y + one.height <= height)
    }),
  )
  t.pass()
})

browserTest(t, 'a browser draws every name within its box', async (t, browser) => {
  const page = await browser.newPage()
  for (const [name, input] of Object.entries(PICTURES)) {
    await page.setContent(drawPicture(input))
    const wide = await page.evaluate(`[...document.querySelectorAll('g > rect + text')]
      .filter((text) => !text.closest('g').hasAttribute('transform'))
      .filter((text) => {
        const [own, box] = [text.getBBox(), text.previousElementSibling.getBBox()]
        return own.x < box.x || own.x + own.width > box.x + box.width || own.y < box.y || own.y + own.height > box.y + box.height
      })
      .map((text) => text.textContent)`)
    t.strictSame(wide, [], name)
  }
})
