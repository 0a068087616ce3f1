import { communityTree } from './communities.ts'
import { bundled, round } from './curves.ts'
import { labelOf, layout, type Placed, shortName } from './layout.ts'
import { LEGEND_HEIGHT, legend } from './legend.ts'
import { cyclesOf, type Line, linesOf, ownRooms, type PictureEdge, ribbonPath, ribbonsOf } from './lines.ts'
import { COLOURS, cycleColour, fillOf, xml } from './style.ts'
import { type PictureFile, pictureTree } from './tree.ts'

export type { PictureEdge } from './lines.ts'

/** What a picture shows. */
export interface PictureInput {
  title: string
  files: readonly PictureFile[]
  edges: readonly PictureEdge[]
  /** Communities of files, by path: for a graph too big to show every file. Without: folders. */
  groups?: readonly (readonly string[])[]
}

/** Files that a picture shows one by one; beyond that it shows communities. */
export const MOST_FILES = 500
/** Lines that are drawn one by one; beyond that they are joined by folder. */
const MOST_LINES = 150
/** Ribbons between folders; the thinnest beyond that are left out. */
const MOST_RIBBONS = 160
const MARGIN = 20
const TOP = 58
const LEAST_WIDTH = 640

/** Draws folders (or communities) as clusters, files as pills, and what they depend on; cycles in colour. Text is escaped, there is no script; the same graph always gives the same picture. */
export function drawPicture({ title, files, edges, groups }: PictureInput): string {
  const tree = groups ? communityTree(files, groups, degreesOf(edges), MOST_FILES) : pictureTree(files, MOST_FILES)
  const { width, height, placed } = layout(tree)
  const lines = linesOf(edges, placed)
  const cycles = cyclesOf(placed, lines)
  const count = new Set(cycles.values()).size
  const isJoined = lines.length > MOST_LINES
  const drawn = isJoined ? drawRibbons(lines, placed, cycles) : drawLines(lines, cycles)
  const subtitle = [
    `${files.length} files`,
    `${edges.length} dependencies`,
    ...(groups ? [`${groups.filter((group) => group.length > 1).length} communities`] : []),
    count === 1 ? '1 cycle' : `${count} cycles`,
  ].join(' · ')
  const fullWidth = Math.ceil(Math.max(width + 2 * MARGIN, LEAST_WIDTH))
  const fullHeight = Math.ceil(height + TOP + LEGEND_HEIGHT + MARGIN)
  const languages = [...new Set(files.map(({ language }) => language ?? ''))]
  const key = legend({
    languages,
    isJoined,
    left: drawn.left,
    hasCycles: count > 0,
    hasLinks: edges.some(({ kind }) => kind === 'links'),
  })
  const inner = [
    ...drawFolders(placed),
    ...drawn.below,
    ...drawLeaves(placed, cycles),
    ...drawn.above,
    ...drawTitles(placed),
  ]
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${fullWidth} ${fullHeight}" width="${fullWidth}" height="${fullHeight}" role="img" aria-label="${xml(`${title}: ${subtitle}`)}" font-family="ui-sans-serif, system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif">
<style>text{fill:#1f2328}.t{paint-order:stroke;stroke:#fff;stroke-width:3px;stroke-linejoin:round}.f{fill:none;stroke-opacity:.35}.r{fill:none;stroke-opacity:.38;stroke-linecap:butt}.c{fill:none;stroke-opacity:.9;stroke-width:1.8}</style>
<defs>${Object.entries(COLOURS)
    .map(([kind, colour]) => marker(kind, colour))
    .join('')}</defs>
<rect width="100%" height="100%" fill="#ffffff"/>
<text x="${MARGIN}" y="28" font-size="17" font-weight="600">${xml(shortName(title, 90))}</text>
<text x="${MARGIN}" y="47" font-size="12" fill-opacity=".7">${xml(subtitle)}</text>
<g transform="translate(${MARGIN} ${TOP})">
${inner.join('\n')}
</g>
<g transform="translate(${MARGIN} ${round(fullHeight - LEGEND_HEIGHT)})">
${key}
</g>
</svg>
`
}

const marker = (kind: string, colour: string) =>
  `<marker id="${kind}" viewBox="0 0 8 8" refX="5" refY="4" markerWidth="9" markerHeight="9" markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0L8 4L0 8z" fill="${colour}"/></marker>`

function degreesOf(edges: readonly PictureEdge[]): Map<string, number> {
  const degrees = new Map<string, number>()
  for (const path of edges.flatMap(({ from, to }) => [from, to])) degrees.set(path, (degrees.get(path) ?? 0) + 1)
  return degrees
}

/** What is drawn of the lines, beneath the pills and over them, and how many are left out. */
interface Drawn {
  below: string[]
  above: string[]
  left: number
}

const isInCycle = (cycles: Map<Placed, number>, { from, to, kind, typeOnly }: Line) =>
  cycles.has(from) && cycles.get(from) === cycles.get(to) && kind === 'imports' && !typeOnly

function drawCycles(lines: readonly Line[], cycles: Map<Placed, number>): string[] {
  return lines
    .filter((line) => isInCycle(cycles, line))
    .map((line) => `<path class="c" d="${bundled(line)}" stroke="${cycleColour(cycles.get(line.from) ?? 0)}"/>`)
}

function drawLines(lines: readonly Line[], cycles: Map<Placed, number>): Drawn {
  const plain = lines.filter((line) => !isInCycle(cycles, line))
  const below = plain.map((line) => {
    const dash = line.typeOnly ? ' stroke-dasharray="3 3"' : ''
    return `<path class="f" d="${bundled(line)}" stroke="${COLOURS[line.kind]}"${dash}/>`
  })
  return { below: [...below, ...drawCycles(lines, cycles)], above: [], left: 0 }
}

function drawRibbons(lines: readonly Line[], placed: readonly Placed[], cycles: Map<Placed, number>): Drawn {
  const rooms = ownRooms(placed)
  const ribbons = ribbonsOf(lines)
  const below = ribbons.slice(0, MOST_RIBBONS).map(({ from, to, kind, count }) => {
    const [start, end] = [rooms.get(from), rooms.get(to)]
    if (!start || !end) return ''
    const what = `${from.item.path || '.'} → ${to.item.path || '.'}: ${count}`
    const width = round(Math.min(9, 0.8 + 1.3 * Math.log2(count)))
    return `<path class="r" d="${ribbonPath(start, end)}" stroke="${COLOURS[kind]}" stroke-width="${width}" marker-end="url(#${kind})"><title>${xml(what)}</title></path>`
  })
  return {
    below: [...below.reverse(), ...drawCycles(lines, cycles)],
    above: [],
    left: Math.max(0, ribbons.length - MOST_RIBBONS),
  }
}

function drawFolders(placed: readonly Placed[]): string[] {
  return placed
    .filter(({ item, parent }) => item.kind === 'folder' && parent !== undefined)
    .map(({ item, x, y, width, height, parent }) => {
      const fill = depthOf(parent) % 2 === 0 ? '#f6f8fa' : '#ffffff'
      return `<g><title>${xml(item.path)}</title><rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" rx="6" fill="${fill}" stroke="#d0d7de"/></g>`
    })
}

/** Names of folders lie over the lines, on a seam of white. */
function drawTitles(placed: readonly Placed[]): string[] {
  return placed
    .filter(({ item, parent }) => item.kind === 'folder' && parent !== undefined)
    .map(({ item, x, y }) => {
      const name = xml(shortName(item.name, 60))
      return `<text class="t" x="${round(x + 10)}" y="${round(y + 15)}" font-size="11" font-weight="600">${name}</text>`
    })
}

function depthOf(placed: Placed | undefined): number {
  let depth = 0
  for (let at = placed; at; at = at.parent) depth++
  return depth
}

function drawLeaves(placed: readonly Placed[], cycles: Map<Placed, number>): string[] {
  return placed
    .filter(({ item }) => item.kind !== 'folder')
    .map((leaf) => {
      const { item, x, y, width, height } = leaf
      const cycle = cycles.get(leaf)
      const fill = item.kind === 'file' ? fillOf(item.language) : '#e6eaef'
      const stroke = cycle === undefined ? '#afb8c1' : cycleColour(cycle)
      const box = `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" rx="9" fill="${fill}" stroke="${stroke}"${cycle === undefined ? '' : ' stroke-width="2"'}/>`
      return `<g><title>${xml(item.path)}</title>${box}<text x="${round(x + 8)}" y="${round(y + 12.5)}" font-size="10">${xml(shortName(labelOf(item)))}</text></g>`
    })
}
