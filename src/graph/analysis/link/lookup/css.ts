import { dirname, join } from '../../resolve/tree.ts'
import type { LinkContext } from '../context.ts'
import type { LanguageLookup } from './types.ts'

/** Style sheets: relative paths, Sass partials, packages. */
export function createCssLookup({ tree, packages }: LinkContext): LanguageLookup {
  return {
    implicitSelf: false,
    resolve({ request }, file) {
      if (request.startsWith('sass:')) return { to: 'external', ecosystem: 'npm', name: 'sass', resolution: 'exact' }
      if (/^(?:[a-z]+:|\/\/)/i.test(request)) return { to: 'unresolved', name: request }
      const plain = request.replace(/^~/, '').replace(/[?#].*$/, '')
      const path = join(dirname(file.path), plain)
      const found = path === undefined || request.startsWith('~') ? undefined : variants(path).find(tree.has)
      if (found !== undefined) return { to: 'file', path: found, resolution: 'exact' }
      const name = plain
        .split('/')
        .slice(0, plain.startsWith('@') ? 2 : 1)
        .join('/')
      const own = packages.find(name, file.path)
      const inside = own === undefined ? undefined : join(own.folder, plain.slice(name.length + 1))
      const ownFile = inside === undefined ? undefined : variants(inside).find(tree.has)
      if (ownFile !== undefined) return { to: 'file', path: ownFile, resolution: 'exact' }
      const isPackage = request.startsWith('~') || packages.declares(file.path, name)
      if (isPackage) return { to: 'external', ecosystem: 'npm', name, resolution: 'exact' }
      return { to: 'unresolved', name: path ?? request }
    },
    outer: () => undefined,
  }
}

/** The file as written, with an extension, as a Sass partial, as the index of a folder. */
function variants(path: string): string[] {
  const folder = dirname(path)
  const name = path.slice(folder === '' ? 0 : folder.length + 1)
  const partial = folder === '' ? `_${name}` : `${folder}/_${name}`
  const extensions = ['', '.scss', '.sass', '.less', '.css']
  return [path, partial, `${path}/index`, `${path}/_index`].flatMap((base) =>
    extensions.map((extension) => base + extension),
  )
}
