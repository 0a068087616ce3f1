import type { ExportFact, FileFacts, SymbolFact, Target } from '../types.ts'

/** What other files cannot see: where something stands, how it is described, and what a file does with the names it has. */
const INTERNAL = new Set([
  ...['startLine', 'endLine', 'docLine', 'doc', 'signature', 'lines'],
  ...['uses', 'links', 'passages', 'notes'],
])

/** All that the links of other files can depend on. New facts count until they are named as internal. */
export function interfaceOf(facts: FileFacts | undefined): string {
  return facts === undefined ? '' : JSON.stringify(facts, visible)
}

function visible(key: string, value: unknown): unknown {
  return INTERNAL.has(key) ? undefined : value
}

/** Stands for what every name of a file depends on. */
const BASE = ''

/**
 * The exported names by which two versions of a file differ for whoever imports it; undefined where the difference may concern any name. Both have
 * the same for a name where everything is equal that can be reached from it inside of the file: the symbol, its members, what it extends and is made of.
 */
export function changedNames(before: FileFacts | undefined, after: FileFacts | undefined): Set<string> | undefined {
  if (before === undefined || after === undefined) return undefined
  const [old, now] = [facesOf(before), facesOf(after)]
  if (old.get(BASE) !== now.get(BASE)) return undefined
  const names = new Set<string>()
  for (const [name, face] of now) if (old.get(name) !== face) names.add(name)
  for (const name of old.keys()) if (!now.has(name)) names.add(name)
  return names
}

/** How a file looks to others under each of its exported names. */
function facesOf(facts: FileFacts): Map<string, string> {
  const faces = new Map<string, string>()
  const { language, opaque, commonjs, exports } = facts
  const package_ = facts.package
  const base: unknown[] = [{ language, opaque, commonjs, package_, isEmpty: exports.length === 0 }]
  for (const fact of exports) {
    const face = faceOf(facts, fact)
    // These decide on names that are not there by themselves.
    if (fact.name === '*' || fact.name === 'export=') base.push(face)
    else faces.set(fact.name, `${faces.get(fact.name) ?? ''}\n${JSON.stringify(face, visible)}`)
  }
  return faces.set(BASE, JSON.stringify(base, visible))
}

function faceOf(facts: FileFacts, fact: ExportFact): object {
  const { binding, import: from, symbol, typeSymbol, ...rest } = fact
  const symbols = [symbol, typeSymbol].map((index) => index !== undefined && facts.symbols[index]?.descriptor)
  return {
    ...rest,
    symbols,
    binding: binding === undefined ? undefined : bindingOf(facts, binding),
    import: from === undefined ? undefined : facts.imports[from],
    reached: reachedFrom(facts, [symbol, typeSymbol]),
  }
}

function bindingOf(facts: FileFacts, index: number): object {
  const binding = facts.bindings[index]
  return { ...binding, import: binding && facts.imports[binding.import] }
}

/** Symbols with their members and whatever in the file they are made of, by descriptors instead of places. */
function reachedFrom(facts: FileFacts, roots: readonly (number | undefined)[]): object[] {
  const children = childrenOf(facts)
  const reached = new Set<number>()
  const reach = (index: number | undefined) => {
    if (index !== undefined && index >= 0) reached.add(index)
  }
  const target = (written: Target): object => {
    const { index, typeIndex, ...rest } = written
    if (written.base === 'binding') return { ...rest, to: bindingOf(facts, index) }
    for (const one of [index, typeIndex]) reach(one)
    return { ...rest, to: [index, typeIndex].map((one) => one !== undefined && facts.symbols[one]?.descriptor) }
  }
  for (const root of roots) reach(root)
  const described: object[] = []
  // Grows while it is walked.
  for (const index of reached) {
    const { bases, instanceOf, typedAs, parent, ...rest } = facts.symbols[index] as SymbolFact
    for (const child of children.get(index) ?? []) reach(child)
    described.push({
      ...rest,
      parent: facts.symbols[parent]?.descriptor,
      bases: bases?.map(target),
      instanceOf: instanceOf && target(instanceOf),
      typedAs: typedAs && target(typedAs),
    })
  }
  return described
}

const known = new WeakMap<FileFacts, Map<number, number[]>>()

function childrenOf(facts: FileFacts): Map<number, number[]> {
  const done = known.get(facts)
  if (done) return done
  const children = new Map<number, number[]>()
  for (const [index, { parent }] of facts.symbols.entries()) {
    const same = children.get(parent)
    if (same) same.push(index)
    else children.set(parent, [index])
  }
  known.set(facts, children)
  return children
}
