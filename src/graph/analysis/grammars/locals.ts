import type { Node, QueryMatch } from 'web-tree-sitter'
import type { SymbolFact } from '../types.ts'
import type { Reading } from './reading.ts'
import { pathOf } from './reading.ts'

/** What a local name certainly is: an instance of a type, or nothing that can be followed. */
export type Local = { type: string[]; how: 'new' | 'type' } | undefined

/** One declaration of a local name, and where it counts. */
interface Declared {
  /** Where its scope ends. */
  end: number
  /** Where it begins to count. */
  from: number
  is: Local
}

/** Locals and fields of a file. */
export interface Locals {
  /** What a name is at a place, from the innermost symbol outwards; undefined where it is no local. */
  find: (from: number, name: string, offset: number) => { is: Local } | undefined
  /** What a field of a class is. */
  field: (class_: number, name: string) => Local
}

export const TYPES: ReadonlySet<string> = new Set(['class', 'interface', 'enum'])

/** Words that leave a type to the compiler. */
const INFERRED = new Set(['var', 'auto', 'let'])

/** Reads parameters, variables and fields. A name counts in the block that declares it, from there on; without blocks (`@scope`) in all of its function. */
export function readLocals(reading: Reading): Locals {
  const { spec, facts, matches, symbolAt } = reading
  const scopeEnd = readScopes(matches)
  const names = new Map<number, Map<string, Map<number, Declared>>>()
  for (const { captures } of matches) {
    const part = (wanted: string) => captures.find(({ name }) => name === wanted)?.node
    const local = part('local')
    if (local === undefined) continue
    const around = symbolAt(local.startIndex)
    const inner = facts.symbols[around]
    const owner = inner?.kind === 'variable' && inner.name === local.text ? inner.parent : around
    const isField = TYPES.has(facts.symbols[owner]?.kind ?? '')
    const name = isField ? local.text.replace(/^[$@]/, '') : local.text
    const isOpen = isField || owner < 0
    const declared: Declared = {
      end: isOpen ? Number.POSITIVE_INFINITY : scopeEnd(local.startIndex),
      from: isOpen ? 0 : (part('after')?.endIndex ?? local.startIndex),
      is: whatIs(reading, part('localtype'), part('localnew')),
    }
    const ofOwner = names.get(owner) ?? new Map<string, Map<number, Declared>>()
    names.set(owner, ofOwner)
    const ofName = ofOwner.get(name) ?? new Map<number, Declared>()
    ofOwner.set(name, ofName)
    ofName.set(local.startIndex, joined(ofName.get(local.startIndex), declared))
  }

  function at(owner: number, name: string, offset: number): { is: Local } | undefined {
    const all = [...(names.get(owner)?.get(name)?.values() ?? [])]
    const here = all.filter(({ from, end }) => from <= offset && offset < end)
    if (here.length === 0) return undefined
    if (spec.assigned) return { is: agreed(here) }
    const best = here.reduce((one, other) => (other.from >= one.from ? other : one))
    return { is: owner < 0 ? agreed(here) : best.is }
  }

  return {
    find(from, name, offset) {
      for (let owner = from; ; owner = (facts.symbols[owner] as SymbolFact).parent) {
        const isField = TYPES.has(facts.symbols[owner]?.kind ?? '')
        const found = isField && spec.bareFields !== true ? undefined : at(owner, name, offset)
        if (found || owner < 0) return found
      }
    },
    field: (class_, name) => agreed([...(names.get(class_)?.get(name)?.values() ?? [])]),
  }
}

function whatIs({ spec }: Reading, type: Node | undefined, made: Node | undefined): Local {
  const path = pathOf(spec, (made ?? type)?.text ?? '')
  if (path === undefined || (made === undefined && path.length === 1 && INFERRED.has(path[0] as string)))
    return undefined
  return { type: path, how: made ? 'new' : 'type' }
}

/** Two patterns may fit one declaration: its type as written counts for more than what it is made of first. */
function joined(one: Declared | undefined, other: Declared): Declared {
  if (one === undefined) return other
  const from = Math.max(one.from, other.from)
  const is = one.is && other.is ? stronger(one.is, other.is) : (one.is ?? other.is)
  return { end: other.end, from, is }
}

function stronger(one: NonNullable<Local>, other: NonNullable<Local>): Local {
  const [type, made] = one.how === 'type' ? [one, other] : [other, one]
  return type.type.join('.') === made.type.join('.') ? made : type
}

/** What several declarations agree on. */
function agreed(list: readonly Declared[]): Local {
  const [first, ...rest] = list
  const key = JSON.stringify(first?.is)
  return rest.every(({ is }) => JSON.stringify(is) === key) ? first?.is : undefined
}

/** Where the innermost block round a place ends. */
function readScopes(matches: readonly QueryMatch[]): (offset: number) => number {
  const scopes = matches.flatMap(({ captures }) =>
    captures.flatMap(({ name, node }) => (name === 'scope' ? [{ start: node.startIndex, end: node.endIndex }] : [])),
  )
  scopes.sort((a, b) => a.start - b.start || b.end - a.end)
  return (offset) => {
    let low = 0
    let high = scopes.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((scopes[middle] as { start: number }).start <= offset) low = middle + 1
      else high = middle
    }
    // Blocks lie in each other: the last that has begun and not ended is the innermost.
    for (let at = low - 1; at >= 0; at--) {
      const { end } = scopes[at] as { end: number }
      if (end > offset) return end
    }
    return Number.POSITIVE_INFINITY
  }
}
