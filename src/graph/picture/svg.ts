import { findCycles } from '../strong-components.ts'
import { layout, type Placed, shortName } from './layout.ts'
import { type PictureFile, pictureTree } from './tree.ts'

/** Files that depend on each other. */
export interface PictureEdge {
  from: string
  to: string
  kind: 'imports' | 'links'
  typeOnly: boolean
}

export interface PictureInput {
  title: string
  files: readonly PictureFile[]
  edges: readonly PictureEdge[]
  /** Leaves at most; folders are closed until they fit. @defaultValue 500 */
  most?: number
}

const FILLS: Record<string, string> = {
  typescript: '#dbe9fb',
  javascript: '#fbf0c7',
  python: '#d9efdc',
  markdown: '#ece3f7',
  text: '#f0ebf5',
  json: '#eeeeee',
}
const CYCLE_COLOURS = ['#d1242f', '#bf5b04', '#9a0d6c', '#7d4e00', '#b3004b', '#8a1f11']
const MARGIN = 16
const TOP = 52
/** How strongly edges follow the folders (1) or the straight line (0); see Holten, "Hierarchical edge bundles", 2006. */
const BUNDLING = 0.82

/** Draws folders as clusters, files as pills, dependencies as bundled curves; cycles in colour. Text is escaped, there is no script. */
export function drawPicture({ title, files, edges, most = 500 }: PictureInput): string {
  const { width, height, placed } = layout(pictureTree(files, most))
  const leafOf = leafFinder(placed)
  const lines = mergeEdges(edges, leafOf)
  const cycles = cyclesOf(placed, lines)
  const count = new Set(cycles.values()).size
  const subtitle = [
    `${files.length} files`,
    `${edges.length} dependencies`,
    count === 1 ? '1 cycle' : `${count} cycles`,
  ].join(' · ')
  const fullWidth = Math.max(width + 2 * MARGIN, 420)
  const fullHeight = height + TOP + MARGIN
  const inner = [...drawFolders(placed), ...drawEdges(lines, cycles), ...drawLeaves(placed, cycles)].join('\n')
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${round(fullWidth)} ${round(fullHeight)}" width="${round(fullWidth)}" height="${round(fullHeight)}" role="img" aria-label="${xml(`${title}: ${subtitle}`)}" font-family="ui-sans-serif, system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif">
<style>text{fill:#1f2328}.f{fill:none;stroke-opacity:.3}.c{fill:none;stroke-opacity:.95;stroke-width:1.8}</style>
<rect width="100%" height="100%" fill="#ffffff"/>
<text x="${MARGIN}" y="24" font-size="16" font-weight="600">${xml(title)}</text>
<text x="${MARGIN}" y="42" font-size="11" fill-opacity=".7">${xml(subtitle)}</text>
<g transform="translate(${MARGIN} ${TOP})">
${inner}
</g>
</svg>
`
}

interface Line {
  from: Placed
  to: Placed
  kind: PictureEdge['kind']
  typeOnly: boolean
}

/** The visible leaf that a path is shown by: itself, or the closed folder it lies in. */
function leafFinder(placed: Placed[]): (path: string) => Placed | undefined {
  const leaves = new Map(placed.filter(({ item }) => item.kind !== 'folder').map((leaf) => [leaf.item.path, leaf]))
  return (path) => {
    for (let at = path; at !== ''; at = at.includes('/') ? at.slice(0, at.lastIndexOf('/')) : '') {
      const leaf = leaves.get(at)
      if (leaf) return leaf
    }
    return undefined
  }
}

function mergeEdges(edges: readonly PictureEdge[], leafOf: (path: string) => Placed | undefined): Line[] {
  const lines = new Map<string, Line>()
  for (const { from, to, kind, typeOnly } of edges) {
    const start = leafOf(from)
    const end = leafOf(to)
    if (start === undefined || end === undefined || start === end) continue
    const key = `${start.item.path}\0${end.item.path}`
    const known = lines.get(key)
    if (known === undefined) lines.set(key, { from: start, to: end, kind, typeOnly })
    else if (!typeOnly) known.typeOnly = false
  }
  return [...lines.values()]
}

/** Cycles of imports that exist at run time; type-only ones do no harm. */
function cyclesOf(placed: Placed[], lines: Line[]): Map<Placed, number> {
  const leaves = placed.filter(({ item }) => item.kind !== 'folder')
  const index = new Map(leaves.map((leaf, at) => [leaf, at]))
  const targets: number[][] = leaves.map(() => [])
  for (const { from, to, kind, typeOnly } of lines) {
    if (kind === 'imports' && !typeOnly) targets[index.get(from) as number]?.push(index.get(to) as number)
  }
  const cycles = findCycles(leaves.length, targets)
  return new Map([...cycles].map(([at, component]) => [leaves[at] as Placed, component]))
}

function drawFolders(placed: Placed[]): string[] {
  return placed
    .filter(({ item, parent }) => item.kind === 'folder' && parent !== undefined)
    .map(({ item, x, y, width, height, parent }) => {
      const depth = depthOf(parent)
      const fill = depth % 2 === 0 ? '#f6f8fa' : '#ffffff'
      const box = `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" rx="6" fill="${fill}" stroke="#d0d7de"/>`
      const name = xml(shortName(item.name, 60))
      return `<g><title>${xml(item.path)}/</title>${box}<text x="${round(x + 10)}" y="${round(y + 15)}" font-size="11" font-weight="600">${name}</text></g>`
    })
}

function depthOf(placed: Placed | undefined): number {
  let depth = 0
  for (let at = placed; at; at = at.parent) depth++
  return depth
}

function drawEdges(lines: Line[], cycles: Map<Placed, number>): string[] {
  const drawn = lines.map((line) => {
    const cycle = cycles.get(line.from)
    const inCycle = cycle !== undefined && cycle === cycles.get(line.to) && line.kind === 'imports' && !line.typeOnly
    const colour = inCycle ? cycleColour(cycle) : line.kind === 'links' ? '#8250df' : '#3b6ea5'
    const dash = line.typeOnly ? ' stroke-dasharray="3 3"' : ''
    const path = `<path class="${inCycle ? 'c' : 'f'}" d="${curve(controlPoints(line))}" stroke="${colour}"${dash}/>`
    return { inCycle, path }
  })
  return [...drawn.filter(({ inCycle }) => !inCycle), ...drawn.filter(({ inCycle }) => inCycle)].map(({ path }) => path)
}

function drawLeaves(placed: Placed[], cycles: Map<Placed, number>): string[] {
  return placed
    .filter(({ item }) => item.kind !== 'folder')
    .map((leaf) => {
      const { item, x, y, width, height } = leaf
      const cycle = cycles.get(leaf)
      const fill = item.kind === 'closed' ? '#e6eaef' : (FILLS[item.language ?? ''] ?? '#f3f4f6')
      const stroke = cycle === undefined ? '#afb8c1' : cycleColour(cycle)
      const label = item.kind === 'closed' ? `${item.name}/ (${item.files})` : item.name
      const box = `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" rx="9" fill="${fill}" stroke="${stroke}"${cycle === undefined ? '' : ' stroke-width="2"'}/>`
      return `<g><title>${xml(item.path)}</title>${box}<text x="${round(x + 8)}" y="${round(y + 12.5)}" font-size="10">${xml(shortName(label))}</text></g>`
    })
}

function cycleColour(cycle: number): string {
  return CYCLE_COLOURS[cycle % CYCLE_COLOURS.length] as string
}

interface Point {
  x: number
  y: number
}

const centre = ({ x, y, width, height }: Placed): Point => ({ x: x + width / 2, y: y + height / 2 })

/** The way along the folders: up to the one that holds both ends, and down again. */
function controlPoints({ from, to }: Line): Point[] {
  const up: Placed[] = []
  for (let at = from.parent; at; at = at.parent) up.push(at)
  const down: Placed[] = []
  let common: Placed | undefined = to.parent
  while (common && !up.includes(common)) {
    down.unshift(common)
    common = common.parent
  }
  const shared = common === undefined ? up : up.slice(0, up.indexOf(common))
  const isSibling = shared.length === 0 && down.length === 0
  const way = [from, ...shared, ...(isSibling || common?.parent === undefined ? [] : [common]), ...down, to].map(centre)
  const first = way[0] as Point
  const last = way.at(-1) as Point
  return way.map((point, at) => {
    const share = at / (way.length - 1)
    const straight = { x: first.x + share * (last.x - first.x), y: first.y + share * (last.y - first.y) }
    return { x: BUNDLING * point.x + (1 - BUNDLING) * straight.x, y: BUNDLING * point.y + (1 - BUNDLING) * straight.y }
  })
}

/** A uniform cubic B-spline through the ends, as Bézier pieces. */
function curve(points: Point[]): string {
  const [first, second] = points as [Point, Point]
  if (points.length === 2) {
    const bend = Math.min(40, Math.hypot(second.x - first.x, second.y - first.y) / 4)
    const middle = { x: (first.x + second.x) / 2 + bend, y: (first.y + second.y) / 2 }
    return `M${at(first)}Q${at(middle)} ${at(second)}`
  }
  const all = [first, first, ...points, points.at(-1) as Point, points.at(-1) as Point]
  let path = `M${at(first)}`
  for (let i = 1; i + 2 < all.length; i++) {
    const [a, b, c] = [all[i] as Point, all[i + 1] as Point, all[i + 2] as Point]
    const end = { x: (a.x + 4 * b.x + c.x) / 6, y: (a.y + 4 * b.y + c.y) / 6 }
    const one = { x: (2 * a.x + b.x) / 3, y: (2 * a.y + b.y) / 3 }
    const two = { x: (a.x + 2 * b.x) / 3, y: (a.y + 2 * b.y) / 3 }
    path += `C${at(one)} ${at(two)} ${at(end)}`
  }
  return `${path}L${at(points.at(-1) as Point)}`
}

const at = ({ x, y }: Point) => `${round(x)} ${round(y)}`
const round = (value: number) => Math.round(value * 10) / 10

/** Text for XML; characters that XML has no place for are dropped. */
function xml(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;')
}
