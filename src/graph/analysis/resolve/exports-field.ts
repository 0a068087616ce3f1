import { isRecord } from './jsonc.ts'

/**
 * The `exports` and `imports` fields of package.json (Node.js documentation, "Packages: Subpath exports"). Every condition's target is a
 * candidate, those of the conditions that hold for the importer first: what is built may not be there, and then the target of a condition
 * of the authors' own (`source`, `@scope/source`) leads to the sources.
 */

/** How an entry is asked for. */
export interface Conditions {
  /** From TypeScript, which takes declarations where there are any. */
  typescript: boolean
  typeOnly: boolean
  /** By `require`, not by `import`. */
  required: boolean
  /** `customConditions` of the tsconfig that governs the importer. */
  custom: readonly string[]
}

/** Target paths (as written, `./...`) for a subpath (`.` or `./x`) of an exports map, or for a `#name` of an imports map. */
export function exportTargets(field: unknown, subpath: string, conditions: Conditions): string[] {
  if (field === undefined || field === null) return []
  const isMap = isRecord(field) && Object.keys(field).some((key) => key.startsWith('.') || key.startsWith('#'))
  if (!isMap) return subpath === '.' ? targetsOf(field, '', conditions) : []
  if (Object.hasOwn(field, subpath) && !subpath.includes('*')) return targetsOf(field[subpath], '', conditions)
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
  return targetsOf(field[key], star, conditions).map((target) => (key.endsWith('/') ? `${target}${star}` : target))
}

/** Not `module`, which bundlers alone know, nor `module-sync`, which is new: what stands beside them is for all. */
const ALWAYS = new Set(['node', 'node-addons', 'default'])

/** The conditions that hold come first, as written; declarations first for TypeScript and last for others. */
function rank(condition: string, { typescript, typeOnly, required, custom }: Conditions): number {
  if (custom.includes(condition)) return 0
  if (condition === 'types') return typeOnly || typescript ? 1 : 4
  if (ALWAYS.has(condition) || condition === (required ? 'require' : 'import')) return 2
  return 3
}

function targetsOf(value: unknown, star: string, conditions: Conditions): string[] {
  if (typeof value === 'string') return [value.replaceAll('*', star)]
  if (Array.isArray(value)) return value.flatMap((item) => targetsOf(item, star, conditions))
  if (!isRecord(value)) return []
  const entries = Object.entries(value).map(([condition, target], at) => ({
    at,
    target,
    order: rank(condition, conditions),
  }))
  entries.sort((a, b) => a.order - b.order || a.at - b.at)
  return entries.flatMap(({ target }) => targetsOf(target, star, conditions))
}
