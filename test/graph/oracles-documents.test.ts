import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { thaw } from './score.ts'
import { analyzeTree } from './tree.ts'

const FOLDER = join(import.meta.dirname, '../fixtures/oracles-documents')

/** What remark said of the links of some documents; see scripts/oracles/freeze-markdown.ts. */
interface Said {
  package: { name: string; version: string }
  paths: string[]
  /** A link by its file and line, the file it leads to, and the line of its anchor; 0 without one. */
  links: [path: number, line: number, toPath: number, toLine: number][]
}

/** Least precision and recall: of the files, and of the anchors in them. */
const GOALS = { files: 1, anchors: 0.98 }

for (const archive of readdirSync(FOLDER).filter((name) => name.endsWith('.tar.br'))) {
  t.test(archive, async (t) => {
    const { files, text } = await thaw(join(FOLDER, archive))
    const said = JSON.parse(text) as Said
    const { nodes, edges } = await analyzeTree(files)
    const byId = new Map(nodes.map((node) => [node.id, node]))
    const ours = edges.flatMap(({ kind, from, to, resolution }) => {
      const [source, target] = [byId.get(from), byId.get(to)]
      if (kind !== 'links' || resolution === 'unresolved' || !source?.path.endsWith('.md') || !target) return []
      return [{ from: source, to: target, line: target.kind === 'section' ? (target.startLine ?? 0) : 0 }]
    })
    const named = said.links.map(([path, line, toPath, toLine]) => ({
      from: said.paths[path] as string,
      line,
      to: said.paths[toPath] as string,
      toLine,
    }))
    const pair = (from: string, to: string) => `${from} -> ${to}`
    const right = new Set(named.map(({ from, to }) => pair(from, to)))
    const found = new Set(ours.map(({ from, to }) => pair(from.path, to.path)))
    const lost = [...right].filter((one) => !found.has(one))
    const wrong = [...found].filter((one) => !right.has(one))

    const heads = new Map<string, number[]>()
    for (const { kind, path, startLine = 0 } of nodes)
      if (kind === 'section')
        heads.set(
          path,
          [...(heads.get(path) ?? []), startLine].sort((a, b) => a - b),
        )
    const anchors = named.filter(({ toLine }) => toLine > 0)
    // An anchor that is no heading belongs to the section round it, or to the heading right below.
    const astray = anchors.filter(({ from, to, toLine }) => {
      const own = heads.get(to)?.findLast((line) => line <= toLine) ?? 0
      const next = heads.get(to)?.find((line) => line > toLine && line <= toLine + 3)
      return !ours.some((edge) => edge.from.path === from && edge.to.path === to && [own, next].includes(edge.line))
    })
    const goals = [
      ['recall of files', 1 - lost.length / right.size, GOALS.files, lost],
      ['precision of files', 1 - wrong.length / found.size, GOALS.files, wrong],
      ['recall of anchors', 1 - astray.length / anchors.length, GOALS.anchors, astray],
    ] as const
    t.ok(right.size > 10 && anchors.length > 10, 'the oracle knows something')
    for (const [what, share, least, misses] of goals) {
      const figures = `${what}: ${share.toFixed(4)} of ${right.size} files and ${anchors.length} anchors`
      t.comment(`${said.package.name} ${said.package.version} ${figures}`)
      t.ok(share >= least, figures, { misses: misses.slice(0, 20) })
    }
  })
}
