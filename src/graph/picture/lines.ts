import { findCycles } from '../strong-components.ts'
import { at, centre, type Point, round } from './curves.ts'
import type { Placed } from './layout.ts'

/** Files that depend on each other. */
export interface PictureEdge {
  from: string
  to: string
  kind: 'imports' | 'links'
  typeOnly: boolean
}

/** What is drawn between two pills. */
export interface Line {
  from: Placed
  to: Placed
  kind: PictureEdge['kind']
  typeOnly: boolean
}

/** All lines from the files of one folder to those of another. */
export interface Ribbon {
  from: Placed
  to: Placed
  kind: PictureEdge['kind']
  count: number
}

/** Edges as lines between what is visible: a file, or whatever stands for it. */
export function linesOf(edges: readonly PictureEdge[], placed: readonly Placed[]): Line[] {
  const leafOf = leafFinder(placed)
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

/** The visible leaf that a path is shown by: itself, the closed folder it lies in, or the rest of its community. */
function leafFinder(placed: readonly Placed[]): (path: string) => Placed | undefined {
  const leaves = new Map<string, Placed>()
  for (const leaf of placed) {
    if (leaf.item.kind === 'folder') continue
    leaves.set(leaf.item.path, leaf)
    for (const path of leaf.item.hidden ?? []) leaves.set(path, leaf)
  }
  return (path) => {
    for (let at = path; at !== ''; at = at.includes('/') ? at.slice(0, at.lastIndexOf('/')) : '') {
      const leaf = leaves.get(at)
      if (leaf) return leaf
    }
    return undefined
  }
}

/** Cycles of imports that exist at run time, by number; type-only ones do no harm, and neither do those that only a merged pill closes. */
export function cyclesOf(placed: readonly Placed[], lines: readonly Line[]): Map<Placed, number> {
  const leaves = placed.filter(({ item }) => item.kind === 'file')
  const index = new Map(leaves.map((leaf, number) => [leaf, number]))
  const targets: number[][] = leaves.map(() => [])
  for (const { from, to, kind, typeOnly } of lines) {
    const [start, end] = [index.get(from), index.get(to)]
    if (kind === 'imports' && !typeOnly && start !== undefined && end !== undefined) targets[start]?.push(end)
  }
  const cycles = findCycles(leaves.length, targets)
  return new Map([...cycles].map(([number, component]) => [leaves[number] as Placed, component]))
}

/** Lines joined by the folders of their ends, the thickest first; what stays inside of a folder is left out. */
export function ribbonsOf(lines: readonly Line[]): Ribbon[] {
  const ribbons = new Map<string, Ribbon>()
  for (const { from, to, kind } of lines) {
    const [start, end] = [from.parent, to.parent]
    if (start === undefined || end === undefined || start === end) continue
    const key = `${start.item.path}\0${end.item.path}`
    const known = ribbons.get(key)
    if (known) known.count++
    else ribbons.set(key, { from: start, to: end, kind, count: 1 })
  }
  return [...ribbons.values()].sort((a, b) => b.count - a.count)
}

interface Box {
  x: number
  y: number
  width: number
  height: number
}

/** The room that the own files of each folder take. */
export function ownRooms(placed: readonly Placed[]): Map<Placed, Box> {
  const rooms = new Map<Placed, Box>()
  for (const { item, parent, x, y, width, height } of placed) {
    if (item.kind === 'folder' || parent === undefined) continue
    const known = rooms.get(parent)
    if (known === undefined) {
      rooms.set(parent, { x, y, width, height })
      continue
    }
    const [right, bottom] = [Math.max(known.x + known.width, x + width), Math.max(known.y + known.height, y + height)]
    known.x = Math.min(known.x, x)
    known.y = Math.min(known.y, y)
    known.width = right - known.x
    known.height = bottom - known.y
  }
  return rooms
}

/** The path of a ribbon from the border of one room to that of another, bent to its right so that both ways are seen. */
export function ribbonPath(from: Box, to: Box): string {
  const [a, b] = [centre(from), centre(to)]
  const length = Math.max(1, Math.hypot(b.x - a.x, b.y - a.y))
  const bend = Math.min(60, length * 0.16)
  const middle = {
    x: (a.x + b.x) / 2 - ((b.y - a.y) / length) * bend,
    y: (a.y + b.y) / 2 + ((b.x - a.x) / length) * bend,
  }
  return `M${at(border(from, middle))}Q${at(middle)} ${at(border(to, middle, 5))}`
}

/** Where the straight line from the middle of a box towards a point leaves it, `beyond` pixels further out. */
function border(box: Box, towards: Point, beyond = 0): Point {
  const from = centre(box)
  const [dx, dy] = [towards.x - from.x, towards.y - from.y]
  const share = Math.min(
    1,
    (box.width / 2 + beyond) / Math.max(Math.abs(dx), 0.01),
    (box.height / 2 + beyond) / Math.max(Math.abs(dy), 0.01),
  )
  return { x: round(from.x + dx * share), y: round(from.y + dy * share) }
}
