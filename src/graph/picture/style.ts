/** Colours of lines, by what they are. */
export const COLOURS = { imports: '#3b6ea5', links: '#8250df' } as const

const FILLS: Record<string, string> = {
  typescript: '#dbe9fb',
  tsx: '#dbe9fb',
  javascript: '#fbf0c7',
  jsx: '#fbf0c7',
  python: '#d9efdc',
  go: '#d3eef4',
  java: '#f9dfd0',
  rust: '#f3ddd3',
  c: '#e0e4ea',
  cpp: '#f6dbe4',
  csharp: '#e3dcf6',
  php: '#e0e0f5',
  ruby: '#f8d9d9',
  css: '#dff3ea',
  markdown: '#ece3f7',
  html: '#fde6dc',
  text: '#f0ebf5',
  json: '#eeeeee',
}
const OTHER = '#f3f4f6'
const CYCLE_COLOURS = ['#d1242f', '#bf5b04', '#9a0d6c', '#7d4e00', '#b3004b', '#8a1f11']

/** The colour of a file of a language. */
export const fillOf = (language: string | undefined): string => FILLS[language ?? ''] ?? OTHER

/** Whether files of a language have a colour of their own. */
export const hasFill = (language: string): boolean => language in FILLS

/** The colour of a cycle, by its number. */
export const cycleColour = (cycle: number): string => CYCLE_COLOURS[cycle % CYCLE_COLOURS.length] as string

/** Text for XML; characters that XML has no place for are dropped. */
export function xml(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;')
}
