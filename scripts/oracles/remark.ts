import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, normalize } from 'node:path'
import { pathToFileURL } from 'node:url'

/** A link inside of a package that works: where it stands, the file it leads to, and the line of its anchor (0 without one). */
export type Link = [path: string, line: number, toPath: string, toLine: number]

export interface LinkOracle {
  tools: Record<string, string>
  links: Link[]
  /** Links inside of the package to what is not there. */
  broken: [path: string, line: number, target: string][]
}

interface Element {
  type: string
  tagName?: string
  properties?: Record<string, unknown>
  children?: Element[]
  value?: string
  position?: { start?: { line: number } }
}

const TOOLS = ['unified', 'remark-parse', 'remark-gfm', 'remark-rehype', 'rehype-raw', 'github-slugger']

/**
 * What remark, rehype and GitHub's slugs say of the links of the Markdown files below a folder, raw HTML included. They are no dependencies of this
 * project: `home` is the folder they are installed in.
 */
export async function askRemark(root: string, home: string): Promise<LinkOracle> {
  const require = createRequire(join(home, 'package.json'))
  const load = async (name: string) => import(pathToFileURL(require.resolve(name)).href)
  const { unified } = (await load('unified')) as { unified: () => Processor }
  const { default: Slugger } = (await load('github-slugger')) as { default: new () => Slugs }
  const plugin = async (name: string) => ((await load(name)) as { default: unknown }).default
  const processor = unified()
    .use(await plugin('remark-parse'))
    .use(await plugin('remark-gfm'))
    .use(await plugin('remark-rehype'), { allowDangerousHtml: true })
    .use(await plugin('rehype-raw'))
  const paths = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
    (path) => /\.md$/i.test(path) && !path.includes('node_modules/'),
  )
  const trees = new Map(
    paths.map((path) => [path, processor.runSync(processor.parse(readFileSync(join(root, path), 'utf8')))] as const),
  )
  const anchors = new Map([...trees].map(([path, tree]) => [path, anchorsOf(tree, new Slugger())] as const))
  const oracle: LinkOracle = { tools: versionsOf(home), links: [], broken: [] }
  for (const [path, tree] of trees) {
    each(tree, (node) => {
      const target = node.properties?.href ?? node.properties?.src
      if (typeof target !== 'string' || target === '' || /^(?:[a-z][a-z0-9+.-]*:|\/\/)/i.test(target)) return
      const line = node.position?.start?.line ?? 0
      const found = follow(target, path)
      if (found) oracle.links.push([path, line, ...found])
      else oracle.broken.push([path, line, target])
    })
  }
  return oracle

  function follow(target: string, from: string): [toPath: string, toLine: number] | undefined {
    const [written = '', anchor = ''] = target.split('#').map((part) => decodeURIComponent(part))
    const plain = written.replace(/\?.*$/, '')
    const place = plain === '' ? from : plain.startsWith('/') ? plain.slice(1) : join(dirname(from), plain)
    const to = normalize(place).replace(/\/$|^\.$/, '')
    if (to.startsWith('..') || !existsSync(join(root, to))) return undefined
    const known = anchors.get(to)
    if (anchor === '' || known === undefined) return [to, 0]
    const line = anchor === 'top' ? 0 : known.get(anchor)
    return line === undefined ? undefined : [to, line]
  }
}

interface Slugs {
  slug: (text: string) => string
}

interface Processor {
  use: (plugin: unknown, options?: object) => Processor
  parse: (text: string) => Element
  runSync: (tree: Element) => Element
}

function anchorsOf(tree: Element, slugger: Slugs): Map<string, number> {
  const anchors = new Map<string, number>()
  each(tree, (node) => {
    const line = node.position?.start?.line ?? 0
    if (/^h[1-6]$/.test(node.tagName ?? '')) anchors.set(slugger.slug(textOf(node)), line)
    for (const name of [node.properties?.id, node.properties?.name])
      if (typeof name === 'string' && !anchors.has(name)) anchors.set(name, line)
  })
  return anchors
}

function each(node: Element, visit: (node: Element) => void): void {
  visit(node)
  for (const child of node.children ?? []) each(child, visit)
}

function textOf(node: Element): string {
  return node.type === 'text' ? (node.value ?? '') : (node.children ?? []).map(textOf).join('')
}

function versionsOf(home: string): Record<string, string> {
  const read = (name: string) => readFileSync(join(home, 'node_modules', name, 'package.json'), 'utf8')
  return Object.fromEntries(TOOLS.map((name) => [name, (JSON.parse(read(name)) as { version: string }).version]))
}
