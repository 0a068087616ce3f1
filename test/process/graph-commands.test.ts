import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import t from 'tap'
import { analyze } from '../../src/process/commands/analyze.ts'
import { graph } from '../../src/process/commands/graph.ts'
import { LOCAL_SOURCE } from '../../src/process/commands/local.ts'
import { EXIT } from '../../src/process/exit.ts'
import { analyzeTree, type Files, withTree } from '../graph/tree.ts'

const FILES: Files = {
  'a.ts': `import { b } from './b.js'\nexport const a = () => b()\n`,
  'b.ts': `import { a } from './a.js'\nexport const b = () => a()\nexport const alone = 1\n`,
  'user.ts': `import { a } from './a.js'\nexport const user = () => a()\n`,
  'node_modules/x/index.js': 'module.exports = 1\n',
}

t.test('a local directory is analysed as a server would', async (t) => {
  await withTree(FILES, async ({ root }) => {
    const said: string[] = []
    const print = (text: string) => void said.push(text)
    const run = (command: typeof graph, ...args: string[]) => {
      said.length = 0
      return command.run(args, print)
    }
    t.equal(await run(analyze, root), EXIT.ok)
    t.match(
      said.join('\n'),
      /tree: 3 files, 7 lines[\s\S]*nodes[\s\S]*function[\s\S]*edges, 0 of them unresolved[\s\S]*calls/,
    )
    t.equal(await run(analyze, root, '--json'), EXIT.ok)
    t.match(JSON.parse(said.join('')), { name: 'tree', stats: { files: 3 } })
    t.equal(await run(graph, 'cycles', root), EXIT.failed, 'a build can rest on it')
    t.strictSame(said, ['a.ts -> b.ts'])
    t.equal(await run(graph, 'impact', root, 'b.ts#b().'), EXIT.ok)
    t.ok(said.includes('1  a.ts#a().') && said.includes('2  user.ts#user().'), said.join())
    t.equal(await run(graph, 'impact', root, 'b.ts#b().', '--depth', '1'), EXIT.ok)
    t.notOk(said.some((line) => line.startsWith('2')))

    const exported = spawnSync(process.execPath, ['--import=tsx', 'src/cli.ts', 'graph', 'export', root], {
      encoding: 'utf8',
      cwd: join(import.meta.dirname, '../..'),
    })
    t.equal(exported.status, EXIT.ok, exported.stderr)
    const { nodes, edges } = JSON.parse(exported.stdout) as { nodes: { key: string }[]; edges: { key: string }[] }
    const { 'node_modules/x/index.js': _theirs, ...own } = FILES
    const wanted = await analyzeTree(own, { sourceId: LOCAL_SOURCE, name: 'tree' })
    t.strictSame(
      nodes.map(({ key }) => key),
      wanted.nodes.map(({ id }) => id),
    )
    t.strictSame(
      edges.map(({ key }) => key),
      wanted.edges.map(({ id }) => id),
    )

    const faults: [typeof graph, string[], RegExp][] = [
      [analyze, [], /Name one directory/],
      [analyze, [join(root, 'nowhere')], /is not a directory/],
      [analyze, [root, '--what'], /Unknown option/],
      [graph, ['paint', root], /Say what/],
      [graph, ['impact', root], /Name a node/],
      [graph, ['impact', root, 'x'], /No node has the key x/],
      [graph, ['impact', root, 'a.ts', '--depth', 'x'], /--depth is a number/],
      [graph, ['export', root, '--format', 'x'], /--format is one of json/],
    ]
    for (const [command, args, message] of faults) await t.rejects(command.run(args, print), message)
  })
})
