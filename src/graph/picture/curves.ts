import type { Placed } from './layout.ts'

/** How strongly edges follow the folders (1) or the straight line (0); see Holten, "Hierarchical edge bundles", 2006. */
const BUNDLING = 0.82

/** A place in the picture. */
export interface Point {
  x: number
  y: number
}

/** The middle of a box. */
export const centre = ({ x, y, width, height }: Pick<Placed, 'x' | 'y' | 'width' | 'height'>): Point => ({
  x: x + width / 2,
  y: y + height / 2,
})

interface Ends {
  from: Placed
  to: Placed
}

/** The way along the folders: up to the one that holds both ends, and down again. */
function controlPoints({ from, to }: Ends): Point[] {
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

/** The path of an edge between two pills. */
export const bundled = (ends: Ends): string => curve(controlPoints(ends))

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

/** A point as paths name it. */
export const at = ({ x, y }: Point) => `${round(x)} ${round(y)}`
/** Coordinates with one digit behind the point. */
export const round = (value: number) => Math.round(value * 10) / 10
