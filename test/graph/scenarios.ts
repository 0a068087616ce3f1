import t from 'tap'
import type { Files } from './tree.ts'
import { analyzeTree, edgeLines } from './tree.ts'

/** A few files, and what their graph must have: nodes and edges as lines; nothing may begin as one of `not`. */
export interface Scenario {
  name: string
  files: Files
  nodes?: string[]
  has?: string[]
  not?: string[]
}

/** One test for each scenario. */
export function testScenarios(scenarios: readonly Scenario[]): void {
  for (const { name, files, nodes = [], has = [], not = [] } of scenarios) {
    t.test(name, async (t) => {
      const result = await analyzeTree(files)
      const lines = edgeLines(result)
      const keys = new Set(result.nodes.map(({ kind, key }) => `${kind} ${key}`))
      const missing = (wanted: string[], of: { includes: (one: string) => boolean }) =>
        wanted.filter((one) => !of.includes(one))
      t.strictSame(missing(nodes, [...keys]), [], 'all nodes are there')
      t.strictSame(missing(has, lines), [], 'all edges are there')
      t.strictSame(
        [...keys, ...lines].filter((line) => not.some((start) => line.startsWith(start))),
        [],
        'nothing that is not so',
      )
    })
  }
}
