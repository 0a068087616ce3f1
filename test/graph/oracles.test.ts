import { createReadStream, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { createBrotliDecompress } from 'node:zlib'
import t from 'tap'
import { extract } from 'tar-stream'
import type { Oracle } from './score.ts'
import { readOracle, scoreCalls, scoreDefinitions, scoreImports } from './score.ts'
import type { Files } from './tree.ts'
import { analyzeTree } from './tree.ts'

const FOLDER = join(import.meta.dirname, '../fixtures/oracles')

/** Sources of a package and what independent tools said about them when it was frozen. */
async function thaw(archive: string): Promise<{ files: Files; oracle: Oracle }> {
  const files: Files = {}
  let text = ''
  const entries = createReadStream(join(FOLDER, archive)).pipe(createBrotliDecompress()).pipe(extract())
  for await (const entry of entries) {
    const parts: Buffer[] = []
    for await (const part of entry) parts.push(part as Buffer)
    if (entry.header.name === 'oracle.json') text = Buffer.concat(parts).toString()
    else files[entry.header.name.replace(/^package\//, '')] = Buffer.concat(parts)
  }
  return { files, oracle: readOracle(text) }
}

/** Least precision and recall. */
const GOALS = { imports: [0.995, 0.995], definitions: [0, 0.99], calls: [0.97, 0.9] } as const
const SCORES = { imports: scoreImports, definitions: scoreDefinitions, calls: scoreCalls }

for (const archive of readdirSync(FOLDER).filter((name) => name.endsWith('.tar.br'))) {
  t.test(archive, async (t) => {
    const { files, oracle } = await thaw(archive)
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
