import { ancestors, dirname, join } from '../../resolve/tree.ts'
import type { LinkContext, LinkedFile } from '../context.ts'
import { createClosure, createQualified } from './qualified.ts'
import type { LanguageLookup } from './types.ts'

const STANDARD = new Set(
  `abbrev base64 benchmark bigdecimal bundler cgi coverage csv date delegate digest drb English erb etc expect fiber fiddle fileutils find forwardable
  getoptlong io/console io/wait ipaddr irb json logger matrix minitest monitor mutex_m net/ftp net/http net/imap net/pop net/smtp nkf objspace observer open-uri
  open3 openssl optparse ostruct pathname pp prettyprint prime pstore psych pty racc rdoc readline reline resolv rinda ripper securerandom set shellwords
  singleton socket stringio strscan syslog tempfile test/unit time timeout tmpdir tracer tsort un uri weakref webrick yaml zlib`.split(
    /\s+/,
  ),
)

/** Ruby: constants by nesting. Exact where the file loads the one that defines them, inferred where something else must have. */
export function createRubyLookup({ tree, byPath }: LinkContext, files: LinkedFile[]): LanguageLookup {
  const qualified = createQualified(files, () => [])
  const reach = createClosure(byPath)
  return {
    implicitSelf: true,
    resolve({ request, level }, file) {
      const folder = dirname(file.path)
      const roots = level === 1 ? [folder] : ancestors(folder).flatMap((one) => [join(one, 'lib') ?? '', one])
      for (const root of roots) {
        const base = join(root, request)
        const path = base === undefined ? undefined : [`${base}.rb`, base].find(tree.has)
        if (path !== undefined) return { to: 'file', path, resolution: level === 1 ? 'exact' : 'inferred' }
      }
      if (level === 1) return { to: 'unresolved', name: join(folder, request) ?? request }
      const isStandard = STANDARD.has(request) || STANDARD.has(request.split('/')[0] as string)
      const name = isStandard ? request : (request.split('/')[0] as string)
      return {
        to: 'external',
        ecosystem: isStandard ? 'ruby' : 'gem',
        name,
        resolution: isStandard ? 'exact' : 'inferred',
      }
    },
    outer(file, path, around) {
      const isConstant = /^\p{Lu}/u.test(path[0] as string)
      const loaded = reach(file)
      for (let size = around.length; size >= 0; size--) {
        for (let used = path.length; used > 0; used--) {
          const segments = [...around.slice(0, size), ...path.slice(0, used)]
          const found = qualified.find(segments, file, (other) => loaded.has(other))
          if (found) return { found, used }
          const elsewhere = isConstant ? qualified.find(segments, file) : undefined
          if (elsewhere?.kind === 'symbol') return { found: { ...elsewhere, resolution: 'inferred' }, used }
        }
      }
      return undefined
    },
  }
}
