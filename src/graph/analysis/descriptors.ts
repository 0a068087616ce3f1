import type { NodeKind } from './types.ts'

/**
 * Descriptors name a symbol inside its file, in the manner of SCIP: `Class`, `Class.method().`, `value.`, `outer().inner().`.
 * Callables end in `().`, values in `.`, types in nothing; a second declaration of the same descriptor gets `(+1)`.
 */

/** Descriptor of a symbol under `parent` (a descriptor, '' at the top). */
export function descriptorOf(parent: string, name: string, kind: NodeKind, disambiguator = 0): string {
  const prefix = parent === '' || parent.endsWith('.') ? parent : `${parent}.`
  const more = disambiguator > 0 ? `+${disambiguator}` : ''
  if (kind === 'function' || kind === 'method') return `${prefix}${name}(${more}).`
  const suffix = more === '' ? '' : `(${more})`
  return kind === 'variable' ? `${prefix}${name}${suffix}.` : `${prefix}${name}${suffix}`
}

/** Hands out descriptors of one file and remembers which are taken. */
export function createDescriptors(): {
  take: (parent: string, name: string, kind: NodeKind) => string
  find: (parent: string, name: string, kind: NodeKind) => number | undefined
  set: (descriptor: string, index: number) => void
} {
  const taken = new Map<string, number>()
  return {
    take(parent, name, kind) {
      for (let n = 0; ; n++) {
        const descriptor = descriptorOf(parent, name, kind, n)
        if (!taken.has(descriptor)) return descriptor
      }
    },
    find: (parent, name, kind) => taken.get(descriptorOf(parent, name, kind)),
    set: (descriptor, index) => {
      taken.set(descriptor, index)
    },
  }
}
