import { readManifests } from '../manifests/manifests.ts'
import type { LinkContext } from './context.ts'
import { outsideKey } from './context.ts'

/** Nodes of packages of other ecosystems than npm, and what they depend on: each other by name, the rest from outside. */
export function linkManifests(context: LinkContext): void {
  const { builder, tree } = context
  const manifests = readManifests(tree)
  const keys = new Map<string, string>()
  for (const { path, folder, ecosystem, name } of manifests) {
    const key = `own:${ecosystem}:${folder === '' ? '.' : folder}/`
    keys.set(`${ecosystem}:${name}`, key)
    builder.node({ key, kind: 'package', name, path, own: true })
    builder.edge({ kind: 'contains', from: folder === '' ? '.' : `${folder}/`, to: key })
  }
  for (const { folder, ecosystem, dependencies } of manifests) {
    const from = `own:${ecosystem}:${folder === '' ? '.' : folder}/`
    for (const { name, field } of dependencies) {
      const own = keys.get(`${ecosystem}:${name}`)
      const to = own ?? outsideKey(context, { to: 'external', ecosystem, name, resolution: 'exact' })
      if (to !== from) builder.edge({ kind: 'references', from, to, name: field })
    }
  }
}
