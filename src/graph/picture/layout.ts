import { pack } from './pack.ts'
import type { Item } from './tree.ts'

/** An item with its place, in pixels from the top left of the picture. */
export interface Placed {
  item: Item
  x: number
  y: number
  width: number
  height: number
  parent: Placed | undefined
}

const PILL_HEIGHT = 18
const GAP = 6
const COLUMN_GAP = 12
const PADDING = 10
const HEADER = 22
const CHARACTER = 5.9
const MAX_CHARACTERS = 30
const RATIO = 1.6

/** A name as far as it is shown. */
export function shortName(name: string, most = MAX_CHARACTERS): string {
  if (name.length <= most) return name
  const half = Math.floor((most - 1) / 2)
  return `${name.slice(0, half)}…${name.slice(-half)}`
}

interface Box {
  item: Item
  width: number
  height: number
  /** Boxes inside, relative to this one. */
  inner: { box: Box; x: number; y: number }[]
}

/** Packs folders as boxes within boxes and files as rows of equal pills; everything has its own place, so no label covers another. */
export function layout(root: Item): { width: number; height: number; placed: Placed[] } {
  const box = measure(root)
  const placed: Placed[] = []
  const place = (at: Box, x: number, y: number, parent: Placed | undefined) => {
    const own: Placed = { item: at.item, x, y, width: at.width, height: at.height, parent }
    placed.push(own)
    for (const inner of at.inner) place(inner.box, x + inner.x, y + inner.y, own)
  }
  place(box, 0, 0, undefined)
  return { width: box.width, height: box.height, placed }
}

/** What is written on a pill. */
export function labelOf({ kind, name, files }: Item): string {
  if (kind === 'closed') return `${name}/ (${files})`
  return kind === 'more' ? `and ${files} more` : name
}

function measure(item: Item): Box {
  if (item.kind !== 'folder') {
    return { item, width: Math.ceil(shortName(labelOf(item)).length * CHARACTER) + 16, height: PILL_HEIGHT, inner: [] }
  }
  const leaves = item.children.filter((child) => child.kind !== 'folder').map(measure)
  const folders = item.children.filter((child) => child.kind === 'folder').map(measure)
  const blocks = [...(leaves.length > 0 ? [grid(leaves)] : []), ...folders.map(single)]
  const packed = pack(blocks, COLUMN_GAP)
  const title = Math.ceil(shortName(item.name, 60).length * CHARACTER * 1.15)
  const inner = blocks.flatMap((block, at) => {
    const { x, y } = packed.places[at] as { x: number; y: number }
    return block.inner.map((one) => ({ box: one.box, x: x + one.x + PADDING, y: y + one.y + HEADER }))
  })
  return { item, width: Math.max(packed.width, title) + 2 * PADDING, height: packed.height + HEADER + PADDING, inner }
}

interface Cluster {
  width: number
  height: number
  inner: { box: Box; x: number; y: number }[]
}

const single = (box: Box): Cluster => ({ width: box.width, height: box.height, inner: [{ box, x: 0, y: 0 }] })

/** Pills in columns of one width, about as broad as a page. */
function grid(boxes: Box[]): Cluster {
  const width = Math.max(...boxes.map((box) => box.width))
  const columns = Math.max(
    1,
    Math.round(Math.sqrt((boxes.length * (PILL_HEIGHT + GAP) * RATIO) / (width + COLUMN_GAP))),
  )
  const rows = Math.ceil(boxes.length / columns)
  const used = Math.ceil(boxes.length / rows)
  const inner = boxes.map((box, at) => {
    box.width = width
    return { box, x: Math.floor(at / rows) * (width + COLUMN_GAP), y: (at % rows) * (PILL_HEIGHT + GAP) }
  })
  return { width: used * (width + COLUMN_GAP) - COLUMN_GAP, height: rows * (PILL_HEIGHT + GAP) - GAP, inner }
}
