import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { readOracle, scoreCalls, scoreDefinitions, scoreImports, thaw } from './score.ts'
import { analyzeTree } from './tree.ts'

const FOLDER = join(import.meta.dirname, '../fixtures/oracles')

/** Least precision and recall. */
const GOALS = { imports: [0.995, 0.995], definitions: [0, 0.99], calls: [0.97, 0.9] } as const
const SCORES = { imports: scoreImports, definitions: scoreDefinitions, calls: scoreCalls }

for (const archive of readdirSync(FOLDER).filter((name) => name.endsWith('.tar.br'))) {
  t.test(archive, async (t) => {
    const { files, text } = await thaw(join(FOLDER, archive))
    const oracle = readOracle(text)
    const result = await analyzeTree(files)
    for (const what of ['imports', 'definitions', 'calls'] as const) {
      const { precision, recall, total, missing, wrong } = SCORES[what](result, oracle)
      // Python's own parser says nothing of calls.
      if (what === 'calls' && oracle.calls.length === 0) continue
      const [leastPrecision, leastRecall] = GOALS[what]
      const figures = `${what} of ${total}: precision ${precision.toFixed(4)}, recall ${recall.toFixed(4)}`
      t.comment(`${oracle.package.name} ${oracle.package.version} ${figures}`)
      t.ok(total > 0, 'the oracle knows something')
      t.ok(precision >= leastPrecision, figures, { wrong: wrong.slice(0, 20) })
      t.ok(recall >= leastRecall, figures, { missing: missing.slice(0, 20) })
    }
  })
}
