import { round } from './curves.ts'
import { COLOURS, cycleColour, fillOf, hasFill, xml } from './style.ts'

/** What a picture has that wants to be explained. */
export interface LegendInput {
  languages: readonly string[]
  /** Whether lines are joined by folder. */
  isJoined: boolean
  /** Ribbons that are left out. */
  left: number
  hasCycles: boolean
  hasLinks: boolean
}

/** Room for the legend with its margin, pixels. */
export const LEGEND_HEIGHT = 62
const CHARACTER = 6
const MOST_LANGUAGES = 6
const ROW = 22

/** Two rows at the foot of the picture: what the colours of files say, and what the lines are. */
export function legend({ languages, isJoined, left, hasCycles, hasLinks }: LegendInput): string {
  const known = languages.filter(hasFill).sort().slice(0, MOST_LANGUAGES)
  const files = known.map((language) => entry(language, pill(fillOf(language))))
  const unit = isJoined ? 'imports from box to box, thicker for more; those within a box are not drawn' : 'imports'
  const lines = [
    entry(unit, stroke(COLOURS.imports, isJoined ? 4 : 1.5)),
    ...(isJoined ? [] : [entry('only of types', stroke(COLOURS.imports, 1.5, '3 3'))]),
    ...(hasLinks ? [entry('links', stroke(COLOURS.links, isJoined ? 4 : 1.5))] : []),
    ...(hasCycles ? [entry('in a cycle of imports', stroke(cycleColour(0), 2))] : []),
    ...(left > 0 ? [entry(`${left} thinner ones are not drawn`, '')] : []),
  ]
  return [row(files, 0), row(lines, ROW)].join('\n')
}

interface Entry {
  sign: string
  text: string
}

const entry = (text: string, sign: string): Entry => ({ sign, text })
const pill = (fill: string) => `<rect x="0" y="-9" width="22" height="12" rx="6" fill="${fill}" stroke="#afb8c1"/>`
const stroke = (colour: string, width: number, dash = '') =>
  `<path d="M0 -3H22" stroke="${colour}" stroke-width="${width}"${dash && ` stroke-dasharray="${dash}"`}/>`

function row(entries: readonly Entry[], y: number): string {
  let x = 0
  const drawn = entries.map(({ sign, text }) => {
    const start = sign === '' ? 0 : 28
    const drawn = `<g transform="translate(${round(x)} ${y + 12})">${sign}<text x="${start}" y="1" font-size="11">${xml(text)}</text></g>`
    x += start + text.length * CHARACTER + 18
    return drawn
  })
  return drawn.join('\n')
}
