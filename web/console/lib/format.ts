const UNITS = ['B', 'KB', 'MB', 'GB']

/** A size in bytes for people: `1.4 MB`. */
export function bytes(count: number): string {
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log10(Math.max(count, 1)) / 3))
  return `${(count / 1000 ** power).toFixed(power === 0 || count / 1000 ** power >= 100 ? 0 : 1)} ${UNITS[power]}`
}

/** A time of day, with the date when it was not today. */
export function when(time: string): string {
  const date = new Date(time)
  const today = date.toDateString() === new Date().toDateString()
  return date.toLocaleString(undefined, today ? { timeStyle: 'short' } : { dateStyle: 'medium', timeStyle: 'short' })
}

/** `12` or `12–40`. */
export const lines = (start: number, end: number): string => (end > start ? `${start}–${end}` : `${start}`)

/** A count with its noun: `1 node`, `2,481 nodes`. */
export const counted = (count: number, noun: string): string =>
  `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`
