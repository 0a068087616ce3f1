import { encode } from 'uqr'

const SVG = 'http://www.w3.org/2000/svg'
/** White modules around the code, without which cameras do not find it (ISO/IEC 18004 section 9.1). */
const QUIET = 4

/** A text as a QR code, black on white whatever the colours of the page. `label` names it for whoever cannot see it. */
export function qrCode(text: string, label: string): SVGSVGElement {
  const { data, size } = encode(text, { ecc: 'M', border: QUIET })
  const svg = document.createElementNS(SVG, 'svg')
  const path = document.createElementNS(SVG, 'path')
  const dark = data.flatMap((row, y) => row.flatMap((isDark, x) => (isDark ? [`M${x} ${y}h1v1h-1z`] : [])))
  path.setAttribute('d', dark.join(''))
  svg.setAttribute('viewBox', `0 0 ${size} ${size}`)
  svg.setAttribute('class', 'qr')
  svg.setAttribute('role', 'img')
  svg.setAttribute('aria-label', label)
  svg.setAttribute('shape-rendering', 'crispEdges')
  svg.append(path)
  return svg
}
