import { XMLParser } from 'fast-xml-parser'
import { parse } from 'smol-toml'
import { isRecord, property, strings } from '../resolve/jsonc.ts'
import type { Ecosystem } from '../resolve/resolved.ts'
import { dirname, type Tree } from '../resolve/tree.ts'

/** A package whose manifest is in the tree, of any ecosystem but npm (whose packages take part in resolution, see resolve/packages.ts). */
export interface Manifest {
  path: string
  folder: string
  ecosystem: Ecosystem
  name: string
  /** Names of what it depends on, with the field that says so. */
  dependencies: { name: string; field: string }[]
}

type Reader = (text: string) => Pick<Manifest, 'name' | 'dependencies'> | undefined

const named = (list: unknown, field: string) =>
  isRecord(list) ? Object.keys(list).map((name) => ({ name, field })) : []

/** The name in a requirement (PEP 508): what stands before extras, versions and markers. */
const requirement = (written: string) => /^\s*([A-Za-z0-9][\w.-]*)/.exec(written)?.[1] ?? ''

const readPyproject: Reader = (text) => {
  const manifest = parse(text)
  const project = property(manifest, 'project')
  const poetry = property(property(manifest, 'tool'), 'poetry')
  const name = property(project, 'name') ?? property(poetry, 'name')
  if (typeof name !== 'string') return undefined
  const groups = property(project, 'optional-dependencies')
  const optional = isRecord(groups) ? Object.values(groups).flatMap(strings) : []
  const list = (items: string[], field: string) => items.map((item) => ({ name: requirement(item), field }))
  const dependencies = [
    ...list(strings(property(project, 'dependencies')), 'dependencies'),
    ...list(optional, 'optional-dependencies'),
    ...named(property(poetry, 'dependencies'), 'dependencies').filter((one) => one.name !== 'python'),
  ]
  return { name, dependencies: dependencies.filter((one) => one.name !== '') }
}

const readCargo: Reader = (text) => {
  const manifest = parse(text)
  const name = property(property(manifest, 'package'), 'name')
  if (typeof name !== 'string') return undefined
  const fields = ['dependencies', 'dev-dependencies', 'build-dependencies']
  return { name, dependencies: fields.flatMap((field) => named(property(manifest, field), field)) }
}

const readGoMod: Reader = (text) => {
  const plain = text.replace(/\/\/(?!\s*indirect).*$/gm, '')
  const name = /^\s*module\s+"?([^\s"]+)/m.exec(plain)?.[1]
  const found = [...plain.matchAll(/^\s*(?:require\s+)?([\w.-]+\.[\w.-]+[^\s()]*)\s+v\S+(.*)$/gm)]
  const dependencies = found.map(([, one, rest]) => ({
    name: one as string,
    field: rest?.includes('indirect') ? 'indirect' : 'require',
  }))
  return name === undefined ? undefined : { name, dependencies }
}

const xml = new XMLParser({ processEntities: false, parseTagValue: false, isArray: (tag) => tag === 'dependency' })

const readPom: Reader = (text) => {
  const project = property(xml.parse(text), 'project')
  const artifact = property(project, 'artifactId')
  if (typeof artifact !== 'string') return undefined
  const group = property(project, 'groupId') ?? property(property(project, 'parent'), 'groupId')
  const list = property(property(project, 'dependencies'), 'dependency')
  const dependencies = (Array.isArray(list) ? list : []).map((one: unknown) => ({
    name: `${String(property(one, 'groupId'))}:${String(property(one, 'artifactId'))}`,
    field: String(property(one, 'scope') ?? 'dependencies'),
  }))
  return { name: typeof group === 'string' ? `${group}:${artifact}` : artifact, dependencies }
}

const readComposer: Reader = (text) => {
  const manifest: unknown = JSON.parse(text)
  const name = property(manifest, 'name')
  if (typeof name !== 'string') return undefined
  const fields = ['require', 'require-dev']
  const dependencies = fields.flatMap((field) => named(property(manifest, field), field))
  return { name, dependencies: dependencies.filter((one) => one.name.includes('/')) }
}

const READERS: Record<string, { ecosystem: Ecosystem; read: Reader }> = {
  'pyproject.toml': { ecosystem: 'pypi', read: readPyproject },
  'Cargo.toml': { ecosystem: 'crates', read: readCargo },
  'go.mod': { ecosystem: 'gomod', read: readGoMod },
  'pom.xml': { ecosystem: 'maven', read: readPom },
  'composer.json': { ecosystem: 'packagist', read: readComposer },
}

/** Reads all manifests of a tree. Broken ones are left out. */
export function readManifests(tree: Tree): Manifest[] {
  return tree.paths.flatMap((path) => {
    const folder = dirname(path)
    const known = READERS[path.slice(folder === '' ? 0 : folder.length + 1)]
    const text = known && tree.read(path)
    if (known === undefined || text === undefined) return []
    try {
      const read = known.read(text)
      return read ? [{ path, folder, ecosystem: known.ecosystem, ...read }] : []
    } catch {
      return []
    }
  })
}
