import type { Resolved } from '../../resolve/resolved.ts'
import type { ImportFact, SymbolFact, Target } from '../../types.ts'
import type { LinkContext, LinkedFile } from '../context.ts'
import { membersOf } from '../context.ts'
import type { Followed, Found, SymbolFound } from '../members.ts'
import { accepts, symbolFound } from '../members.ts'
import { createCLookup } from './c.ts'
import { createCsharpLookup } from './csharp.ts'
import { createCssLookup } from './css.ts'
import { createGoLookup } from './go.ts'
import { createJavaLookup } from './java.ts'
import { createPhpLookup } from './php.ts'
import { aroundOf } from './qualified.ts'
import { createRubyLookup } from './ruby.ts'
import { createRustLookup } from './rust.ts'
import { createShellLookup } from './shell.ts'
import type { Hit, LanguageLookup } from './types.ts'

const LOOKUPS: Record<string, (context: LinkContext, files: LinkedFile[]) => LanguageLookup> = {
  go: createGoLookup,
  java: createJavaLookup,
  rust: createRustLookup,
  c: createCLookup,
  csharp: createCsharpLookup,
  php: createPhpLookup,
  ruby: createRubyLookup,
  shell: createShellLookup,
  css: createCssLookup,
}

/** Looks up members as `members.ts` does. */
export interface MemberLookup {
  self: (file: LinkedFile, class_: number, name: string, given?: number) => SymbolFound | undefined
  any: (found: SymbolFound, name: string, given?: number) => SymbolFound | undefined
}

/** Names in the languages of the shared extractor, which are looked up when all files are known. */
export interface Lookups {
  resolve: (fact: ImportFact, file: LinkedFile) => Resolved
  follow: (file: LinkedFile, target: Target, members: MemberLookup) => Followed
}

const TYPES = new Set(['class', 'interface', 'enum'])

/** C and C++ see each other's names. */
function familyOf(language: string): string {
  return language === 'cpp' ? 'c' : language
}

/** Languages whose names are looked up among all files of theirs: a link of one may depend on any other. */
const SHARED_NAMES = new Set(['go', 'java', 'rust', 'c', 'csharp', 'php', 'ruby', 'shell'])

/** The languages that a language shares its names with; undefined where links lead through imports alone. */
export function nameFamily(language: string | undefined): string | undefined {
  const family = familyOf(language ?? '')
  return SHARED_NAMES.has(family) ? family : undefined
}

/** Lookups of all languages that occur; each is made when it is first asked for. */
export function createLookups(context: LinkContext): Lookups {
  const made = new Map<string, LanguageLookup>()
  const lookupOf = (file: LinkedFile) => {
    const family = familyOf(file.language)
    let lookup = made.get(family)
    const make = LOOKUPS[family]
    if (lookup === undefined && make) {
      lookup = make(
        context,
        context.files.filter(({ language }) => familyOf(language) === family),
      )
      made.set(family, lookup)
    }
    return lookup
  }

  /** Names of what is round a use: members of classes, nested functions and types, then the top of the file. */
  function lexical(
    file: LinkedFile,
    from: number,
    name: string,
    implicit: boolean,
    members: MemberLookup,
    given: number | undefined,
  ): Found | undefined {
    // A class without a name may inherit from outside what looks like a member of the class round it.
    let isOpen = false
    for (let at = from; at >= 0; at = (file.facts.symbols[at] as SymbolFact).parent) {
      const symbol = file.facts.symbols[at] as SymbolFact
      if (symbol.anonymous !== undefined && implicit) {
        const own = anonymous(file, symbol, name, members, given)
        if (own !== 'unknown' && own) return own
        isOpen ||= own === 'unknown'
      }
      if (TYPES.has(symbol.kind) && symbol.name === name) return symbolFound(file, at, at)
      const inside = TYPES.has(symbol.kind)
      const type = inside ? ownType(file, at, name) : undefined
      if (type !== undefined) return symbolFound(file, type, type)
      const member = inside && implicit ? members.self(file, at, name, given) : undefined
      if (member) return isOpen ? { ...member, resolution: 'inferred' } : member
      const nested = membersOf(file, at)
        ?.get(name)
        ?.find((one) => !inside && file.facts.symbols[one]?.anonymous === undefined)
      if (nested !== undefined) return symbolFound(file, nested, nested)
      if (symbol.owner && implicit) {
        const owner = follow(file, { base: 'name', index: symbol.parent, members: symbol.owner }, members)
        const inherited = owner.complete && owner.found.kind === 'symbol' ? members.any(owner.found, name) : undefined
        if (inherited) return inherited
      }
    }
    const top = membersOf(file, -1)
      ?.get(name)
      ?.filter((one) => {
        const symbol = file.facts.symbols[one] as SymbolFact
        return symbol.owner === undefined && !symbol.isDeclaration
      })
    return top?.[0] === undefined ? undefined : symbolFound(file, top[0], top[0])
  }

  /** A type that a class itself holds goes before what it inherits. */
  function ownType(file: LinkedFile, class_: number, name: string): number | undefined {
    return membersOf(file, class_)
      ?.get(name)
      ?.find((one) => TYPES.has(file.facts.symbols[one]?.kind ?? ''))
  }

  /** A member of the class without a name that a method is in; 'unknown' where it may have what is not seen here. */
  function anonymous(
    file: LinkedFile,
    { parent, anonymous: class_ }: SymbolFact,
    name: string,
    members: MemberLookup,
    given: number | undefined,
  ): Found | 'unknown' | undefined {
    const all = membersOf(file, parent)?.get(name) ?? []
    const symbols = file.facts.symbols
    const own = all.filter((at) => symbols[at]?.anonymous === class_)
    const fits = own.find((at) => accepts(symbols[at] as SymbolFact, given))
    if (fits !== undefined) return symbolFound(file, fits, fits)
    const base = file.facts.anonymous?.[class_ as number]
    const of = base && follow(file, base, members)
    const inherited = of?.complete && of.found.kind === 'symbol' ? members.any(of.found, name, given) : undefined
    return inherited ?? (of?.complete && of.found.kind === 'symbol' ? undefined : 'unknown')
  }

  function byLexical(size: number, ...about: Parameters<typeof lexical>): Hit | undefined {
    const [file, from, name, implicit, members, given] = about
    const found = name === '' ? undefined : lexical(file, from, name, implicit, members, given)
    const kind = found?.kind === 'symbol' ? found.file.facts.symbols[found.value ?? -1]?.kind : undefined
    // Functions have no members: what stands before those is a module or type of the same name.
    const fits = size === 1 || (kind !== 'function' && kind !== 'method')
    return found && fits ? { found, used: 1 } : undefined
  }

  function follow(file: LinkedFile, { index, members: path, given }: Target, members: MemberLookup): Followed {
    const lookup = lookupOf(file)
    const first = path[0]
    if (lookup === undefined || first === undefined) return { found: { kind: 'unknown' }, complete: true }
    const hit =
      lookup.inner?.(file, path, index) ??
      byLexical(path.length, file, index, first, lookup.implicitSelf, members, path.length === 1 ? given : undefined) ??
      lookup.outer(file, path, aroundOf(file, index, lookup.implicitSelf))
    if (hit === undefined) return { found: { kind: 'unknown' }, complete: true }
    let { found } = hit
    for (const [at, name] of path.slice(hit.used).entries()) {
      const isLast = hit.used + at === path.length - 1
      const next = found.kind === 'symbol' ? members.any(found, name, isLast ? given : undefined) : undefined
      if (next === undefined) return { found, complete: false }
      found = next
    }
    return { found, complete: true }
  }

  return {
    resolve: (fact, file) => lookupOf(file)?.resolve(fact, file) ?? { to: 'unresolved', name: fact.request },
    follow,
  }
}
