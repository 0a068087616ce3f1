/** What an element may hold. */
export type Child = Node | string | null | undefined | false
type Handler = (event: never) => void
type Props = Record<string, string | number | boolean | Handler | undefined>

/**
 * Makes an element. `onX` props become listeners, `true` an empty attribute, `false` and `undefined` none. Strings among the
 * children become text nodes: there is no way to pass markup, so data can never turn into it.
 */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Props = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(props)) {
    if (typeof value === 'function') element.addEventListener(name.slice(2).toLowerCase(), value as EventListener)
    else if (value !== undefined && value !== false) element.setAttribute(name, value === true ? '' : String(value))
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false))
  return element
}

const PATHS = {
  plus: 'M12 5v14M5 12h14',
  send: 'M4 12l16-8-5 16-3.5-6.5z',
  chat: 'M5 5h14a1.5 1.5 0 0 1 1.5 1.5v8A1.5 1.5 0 0 1 19 16h-8l-5 4v-4H5a1.5 1.5 0 0 1-1.5-1.5v-8A1.5 1.5 0 0 1 5 5z',
  graph:
    'M6 7.5l10 9M7 17l3-8M8 6h8M6 6m-2 0a2 2 0 1 0 4 0a2 2 0 1 0-4 0M18 6m-2 0a2 2 0 1 0 4 0a2 2 0 1 0-4 0M18 18m-2 0a2 2 0 1 0 4 0a2 2 0 1 0-4 0M6 18m-2 0a2 2 0 1 0 4 0a2 2 0 1 0-4 0',
  upload: 'M12 16V5m0 0l-4 4m4-4l4 4M5 16v2.5h14V16',
  file: 'M7 3.5h7l4 4v13H7zM14 3.5v4h4',
  list: 'M5 7h14M5 12h14M5 17h9',
  stop: 'M7 7h10v10H7z',
  key: 'M14.5 9.5m-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0-9 0M11 13l-6.5 6.5M7 17l2.5 2.5',
  person: 'M12 8m-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0M4.5 20c1-4 4-6 7.5-6s6.5 2 7.5 6',
} as const

/** The name of an icon. */
export type IconName = keyof typeof PATHS

/** A line icon for decoration; the control that shows it has a text of its own. */
export function icon(name: IconName): SVGSVGElement {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg')
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path')
  svg.setAttribute('viewBox', '0 0 24 24')
  svg.setAttribute('class', 'icon')
  svg.setAttribute('aria-hidden', 'true')
  path.setAttribute('d', PATHS[name])
  svg.append(path)
  return svg
}

/** Says something to a screen reader without showing it. */
export function announce(text: string): void {
  const region = document.getElementById('announcer')
  if (region) region.textContent = text
}

/** Puts other children in place of the present ones. */
export function fill(element: Element, ...children: Child[]): void {
  element.replaceChildren(...children.filter((child) => child !== null && child !== undefined && child !== false))
}
