/** A rectangle that wants a place. */
export interface Block {
  width: number
  height: number
}

/** Where the blocks are, in the order they were given, and how much room they take together. */
export interface Packing {
  places: { x: number; y: number }[]
  width: number
  height: number
}

/** How broad a page is for its height. */
const RATIO = 1.5
const TRIES = 14

/**
 * Packs rectangles closely, each at the lowest free place (the skyline heuristic of Burke, Kendall and Whitwell, 2004), in the width that leaves the
 * least room empty. The first block stays in the top left corner; the same blocks always give the same packing.
 */
export function pack(blocks: readonly Block[], gap: number): Packing {
  const widest = Math.max(0, ...blocks.map(({ width }) => width))
  const area = blocks.reduce((sum, { width, height }) => sum + (width + gap) * (height + gap), 0)
  let best: Packing | undefined
  for (let at = 0; at < TRIES; at++) {
    const width = Math.max(widest, Math.sqrt(area * RATIO) * (0.75 + at * 0.06))
    const packing = packInto(blocks, width, gap)
    if (best === undefined || cost(packing) < cost(best)) best = packing
  }
  return best ?? { places: [], width: 0, height: 0 }
}

/** The area, and more of it the further its shape is from a page's. */
function cost({ width, height }: Packing): number {
  const shape = Math.max(width, 1) / (Math.max(height, 1) * RATIO)
  return width * height * (1 + 0.15 * Math.abs(Math.log(shape)))
}

interface Step {
  x: number
  y: number
  width: number
}

function packInto(blocks: readonly Block[], width: number, gap: number): Packing {
  const order = blocks.map((block, at) => ({ block, at }))
  const [first, ...rest] = order
  rest.sort((a, b) => b.block.height - a.block.height || b.block.width - a.block.width || a.at - b.at)
  const places: Packing['places'] = []
  let skyline: Step[] = [{ x: 0, y: 0, width: width + gap }]
  let [right, bottom] = [0, 0]
  for (const { block, at } of first ? [first, ...rest] : []) {
    const place = lowest(skyline, block.width + gap)
    skyline = raise(skyline, place, block.width + gap, block.height + gap)
    places[at] = place
    right = Math.max(right, place.x + block.width)
    bottom = Math.max(bottom, place.y + block.height)
  }
  return { places, width: right, height: bottom }
}

/** The lowest place that is broad enough, and of equals the one furthest to the left. */
function lowest(skyline: readonly Step[], width: number): { x: number; y: number } {
  let best: { x: number; y: number } | undefined
  for (const [at, { x }] of skyline.entries()) {
    let y = 0
    let covered = 0
    for (let next = at; next < skyline.length && covered < width - 0.01; next++) {
      const step = skyline[next] as Step
      y = Math.max(y, step.y)
      covered += step.width
    }
    if (covered >= width - 0.01 && (best === undefined || y < best.y)) best = { x, y }
  }
  return best ?? { x: 0, y: Math.max(...skyline.map(({ y }) => y)) }
}

function raise(skyline: readonly Step[], { x, y }: { x: number; y: number }, width: number, height: number): Step[] {
  const raised: Step[] = []
  const right = x + width
  for (const step of skyline) {
    const end = step.x + step.width
    if (end <= x || step.x >= right) raised.push(step)
    else {
      if (step.x < x) raised.push({ ...step, width: x - step.x })
      if (end > right) raised.push({ x: right, y: step.y, width: end - right })
    }
  }
  return [...raised, { x, y: y + height, width }].sort((a, b) => a.x - b.x)
}
