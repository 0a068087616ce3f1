import { isRecord } from './jsonc.ts'

/**
 * The `exports` and `imports` fields of package.json (Node.js documentation, "Packages: Subpath exports"), read for all conditions at
 * once: the graph wants the source behind an entry, so every condition's target is a candidate, in the order written.
 */

/** Target paths (as written, `./...`) for a subpath (`.` or `./x`) of an exports map, or for a `#name` of an imports map. */
export function exportTargets(field: unknown, subpath: string, typeOnly: boolean): string[] {
  if (field === undefined || field === null) return []
  const isMap = isRecord(field) && Object.keys(field).some((key) => key.startsWith('.') || key.startsWith('#'))
  if (!isMap) return subpath === '.' ? targetsOf(field, '', typeOnly) : []
  if (Object.hasOwn(field, subpath) && !subpath.includes('*')) return targetsOf(field[subpath], '', typeOnly)
  let best: { key: string; star: string } | undefined
  for (const key of Object.keys(field)) {
    const at = key.indexOf('*')
    if (at < 0) {
      // Folder mappings ("./lib/") are deprecated and still met.
      if (key.endsWith('/') && subpath.startsWith(key) && key.length > (best?.key.length ?? 0)) {
        best = { key, star: subpath.slice(key.length) }
      }
      continue
    }
    const prefix = key.slice(0, at)
    const suffix = key.slice(at + 1)
    const fits =
      subpath.startsWith(prefix) && subpath.endsWith(suffix) && subpath.length >= prefix.length + suffix.length
    if (fits && (best === undefined || at > best.key.indexOf('*'))) {
      best = { key, star: subpath.slice(at, subpath.length - suffix.length) }
    }
  }
  if (best === undefined) return []
  const { key, star } = best
  return targetsOf(field[key], star, typeOnly).map((target) => (key.endsWith('/') ? `${target}${star}` : target))
}

/** Conditions that name sources come first, declarations last (first for type-only imports); the rest as written. */
function rank(condition: string, typeOnly: boolean): number {
  if (condition === 'source' || condition === 'development') return 0
  if (condition === 'types') return typeOnly ? 1 : 3
  return 2
}

function targetsOf(value: unknown, star: string, typeOnly: boolean): string[] {
  if (typeof value === 'string') return [value.replaceAll('*', star)]
  if (Array.isArray(value)) return value.flatMap((item) => targetsOf(item, star, typeOnly))
  if (!isRecord(value)) return []
  const entries = Object.entries(value).map(([condition, target], at) => ({
    at,
    target,
    order: rank(condition, typeOnly),
  }))
  entries.sort((a, b) => a.order - b.order || a.at - b.at)
  return entries.flatMap(({ target }) => targetsOf(target, star, typeOnly))
}
