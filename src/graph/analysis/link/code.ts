import type { JavaScriptResolver } from '../resolve/javascript.ts'
import type { PythonResolver } from '../resolve/python.ts'
import type { Resolved } from '../resolve/resolved.ts'
import type { EdgeKind, ImportFact, UseFact } from '../types.ts'
import type { LinkContext, LinkedFile } from './context.ts'
import { outsideKey, symbolKey } from './context.ts'
import type { Lookups } from './lookup/index.ts'
import type { Found } from './members.ts'
import type { Names } from './names.ts'

/** Where the module requests of a file lead. */
export function resolveImports(
  file: LinkedFile,
  javascript: JavaScriptResolver,
  python: PythonResolver,
  lookups: Lookups,
): Resolved[] {
  return file.facts.imports.map((fact) =>
    fact.form === 'python'
      ? python.module(fact, file.path)
      : fact.form === 'module'
        ? lookups.resolve(fact, file)
        : javascript.resolve(fact.request, file.path, { typeOnly: fact.typeOnly, required: fact.form === 'require' }),
  )
}

/** `imports` edges (and `references` for triple-slash and URL references). */
export function linkImports(context: LinkContext, file: LinkedFile, python: PythonResolver): void {
  linkImplementation(context, file)
  for (const [index, fact] of file.facts.imports.entries()) {
    const resolved = file.resolved[index] as Resolved
    if (resolved.to === 'files') {
      addPackageImport(context, file, fact, resolved)
      continue
    }
    if (fact.form !== 'python') {
      addImport(context, file, fact, resolved)
      continue
    }
    const submodules = (fact.names ?? []).map((name) => python.submodule(fact, name, file.path))
    for (const path of submodules)
      if (path !== undefined) addImport(context, file, fact, { to: 'file', path, resolution: 'exact' })
    const allSubmodules = submodules.length > 0 && submodules.every((path) => path !== undefined)
    if (!allSubmodules) addImport(context, file, fact, resolved)
  }
}

/** Declarations stand for the JavaScript beside them: what TypeScript imports through the one runs in the other. */
function linkImplementation({ tree, builder }: LinkContext, { path }: LinkedFile): void {
  const found = /^(.*)\.d\.([cm]?)ts$/.exec(path)
  if (!found) return
  const [, base, module] = found as unknown as [string, string, string]
  const to = [`${base}.${module}js`, `${base}.jsx`].find(tree.has)
  if (to === undefined || tree.has(`${base}.${module}ts`)) return
  builder.edge({ kind: 'references', from: path, to, resolution: 'inferred', typeOnly: true })
}

/** A package of several files: its folder, and those of its files that something is used of; its only file in any case. */
function addPackageImport(
  context: LinkContext,
  file: LinkedFile,
  fact: ImportFact,
  { folder, paths, resolution }: Extract<Resolved, { to: 'files' }>,
): void {
  const used = paths.length === 1 ? paths : paths.filter((path) => file.used?.has(path))
  for (const path of used) addImport(context, file, fact, { to: 'file', path, resolution })
  const { startLine, endLine, dynamic } = fact
  const to = folder === undefined ? undefined : folder === '' ? '.' : `${folder}/`
  if (to) context.builder.edge({ kind: 'imports', from: file.path, to, resolution, dynamic, startLine, endLine })
}

type SingleTarget = Exclude<Resolved, { to: 'files' }>

function addImport(context: LinkContext, file: LinkedFile, fact: ImportFact, resolved: SingleTarget): void {
  const isFolder = fact.form === 'reference' && resolved.to === 'unresolved' && context.tree.hasFolder(resolved.name)
  if (isFolder) {
    const folder = resolved.name === '' ? '.' : `${resolved.name}/`
    context.builder.edge({
      kind: 'references',
      from: file.path,
      to: folder,
      dynamic: true,
      startLine: fact.startLine,
      endLine: fact.endLine,
    })
    return
  }
  const to = resolved.to === 'file' ? resolved.path : outsideKey(context, resolved)
  const { startLine, endLine, typeOnly, dynamic } = fact
  const runs = resolved.to === 'file' ? resolved.runs : undefined
  if (runs !== undefined && runs !== file.path) {
    const { resolution } = resolved as Extract<Resolved, { to: 'file' }>
    context.builder.edge({ kind: 'references', from: file.path, to: runs, resolution, dynamic, startLine, endLine })
  }
  if (to === file.path) return
  context.builder.edge({
    kind: fact.form === 'reference' ? 'references' : 'imports',
    from: file.path,
    to,
    resolution: resolved.to === 'unresolved' ? 'unresolved' : resolved.resolution,
    typeOnly,
    dynamic,
    startLine,
    endLine,
  })
}

/** `exports` edges: from a file to what it gives away, re-exports followed to the definition. */
export function linkExports(context: LinkContext, file: LinkedFile, names: Names): void {
  if (file.facts.language === 'python') return
  for (const fact of file.facts.exports) {
    const found =
      fact.name === '*' || fact.imported !== '*' ? names.exportFact(file, fact) : names.exportFact(file, fact)
    const place = { startLine: fact.startLine, endLine: fact.startLine }
    for (const { key, name } of exportTargets(context, found)) {
      if (key === file.path) continue
      const own = fact.name === '*' ? '*' : fact.name
      const resolution =
        found.kind === 'missing'
          ? ('unresolved' as const)
          : 'resolution' in found
            ? found.resolution
            : ('exact' as const)
      const renamed = own === name ? {} : { name: own }
      context.builder.edge({
        kind: 'exports',
        from: file.path,
        to: key,
        resolution,
        typeOnly: fact.typeOnly,
        ...place,
        ...renamed,
      })
    }
  }
}

function exportTargets(context: LinkContext, found: Found): { key: string; name: string }[] {
  if (found.kind === 'symbol') {
    const indexes = new Set([found.value, found.type].filter((index): index is number => index !== undefined))
    return [...indexes].map((index) => ({
      key: symbolKey(found.file, index),
      name: found.file.facts.symbols[index]?.name ?? '',
    }))
  }
  if (found.kind === 'module') return [{ key: found.file.path, name: '' }]
  if (found.kind === 'missing') return [{ key: missingKey(context, found.file.path, found.name), name: found.name }]
  if (found.kind === 'outside') return [{ key: outsideKey(context, found.resolved), name: '' }]
  return []
}

function missingKey(context: LinkContext, path: string, name: string): string {
  const key = `unresolved:${path}#${name}`
  context.builder.node({ key, kind: 'unresolved', name, path })
  return key
}

const KINDS: Record<UseFact['kind'], EdgeKind> = {
  call: 'calls',
  new: 'instantiates',
  reference: 'references',
  type: 'references',
  extends: 'extends',
  implements: 'implements',
}

/** Edges of everything a file's code uses. */
export function linkUses(context: LinkContext, file: LinkedFile, names: Names): void {
  for (const use of file.facts.uses) {
    const space = use.kind === 'type' || use.kind === 'implements' ? 'type' : 'value'
    const { found, complete } = names.follow(file, use.target, space)
    if (found.kind === 'symbol') linkSymbolUse(context, file, use, found, complete)
    else if (found.kind === 'missing' && complete && use.target.optional !== true) {
      addUse(context, file, use, KINDS[use.kind], missingKey(context, found.file.path, found.name), 'unresolved')
    } else if (found.kind === 'outside' && (use.kind === 'extends' || use.kind === 'implements')) {
      const to = outsideKey(context, found.resolved)
      const name = use.target.members.at(-1) ?? file.facts.bindings[use.target.index]?.imported
      const resolution = found.resolved.to === 'unresolved' ? ('unresolved' as const) : ('inferred' as const)
      addUse(context, file, use, KINDS[use.kind], to, resolution, name)
    }
  }
}

function linkSymbolUse(
  context: LinkContext,
  file: LinkedFile,
  use: UseFact,
  found: Extract<Found, { kind: 'symbol' }>,
  complete: boolean,
): void {
  const isType =
    use.kind === 'type' || use.kind === 'implements' || (use.kind === 'extends' && found.value === undefined)
  const index = isType ? (found.type ?? found.value) : (found.value ?? found.type)
  if (index === undefined) return
  const { language, symbols } = file.facts
  const kind = edgeKind(
    use,
    symbols[use.from]?.kind ?? '',
    found.file.facts.symbols[index]?.kind ?? '',
    complete,
    language,
  )
  if (found.file !== file) {
    file.used ??= new Set()
    file.used.add(found.file.path)
  }
  const to = symbolKey(found.file, index)
  if (kind === 'references' && to === symbolKey(file, use.from)) return
  addUse(context, file, use, kind, to, found.resolution)
}

/** A call of an unknown member is a reference to what the member belongs to; Python makes instances by calling a class. */
function edgeKind(use: UseFact, from: string, target: string, complete: boolean, language: string): EdgeKind {
  if (!complete && use.kind !== 'extends' && use.kind !== 'implements') return 'references'
  const isScript = ['typescript', 'javascript', 'vue', 'svelte'].includes(language)
  if (use.kind === 'call' && target === 'class') return isScript ? 'calls' : 'instantiates'
  // C# writes both in one list.
  if (use.kind === 'extends' && target === 'interface' && language === 'csharp' && from !== 'interface')
    return 'implements'
  if (use.kind === 'call' && ['type', 'interface', 'enum', 'namespace'].includes(target)) return 'references'
  return KINDS[use.kind]
}

function addUse(
  context: LinkContext,
  file: LinkedFile,
  use: UseFact,
  kind: EdgeKind,
  to: string,
  resolution: 'exact' | 'inferred' | 'unresolved',
  name?: string,
): void {
  const byName = use.target.base === 'binding' && use.target.instance === undefined
  const binding = byName ? file.facts.bindings[use.target.index] : undefined
  context.builder.edge({
    kind,
    from: symbolKey(file, use.from),
    to,
    resolution,
    typeOnly: use.kind === 'type' || use.kind === 'implements' || binding?.typeOnly === true,
    startLine: use.startLine,
    endLine: use.endLine,
    ...(name === undefined ? {} : { name }),
  })
}
