import { EXIT } from '../exit.ts'
import { type Command, usageError } from './command.ts'
import { analyzeDirectory, readArguments } from './local.ts'

const rows = (counts: Map<string, number>) =>
  [...counts].sort((a, b) => b[1] - a[1]).map(([name, count]) => `    ${String(count).padStart(7)}  ${name}`)

function count(items: readonly { kind: string }[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { kind } of items) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  return counts
}

/** `parley analyze ./dir`: analyses a local directory and says what is in it. */
export const analyze: Command = {
  usage: 'analyze <directory> [--json]',
  summary: 'analyse a local directory, without a server, and say what is in it',
  async run(args, print) {
    const { values, positionals } = readArguments(analyze, args)
    if (positionals.length !== 1) throw usageError(analyze, 'Name one directory')
    const { name, nodes, edges, notes, stats } = await analyzeDirectory(positionals[0] as string)
    if (values.json) {
      print(JSON.stringify({ name, stats, notes }, null, 2))
      return EXIT.ok
    }
    const seconds = (stats.milliseconds / 1000).toFixed(1)
    print(`${name}: ${stats.files} files, ${stats.lines} lines, ${stats.milliseconds === 0 ? '' : `in ${seconds} s`}`)
    print([`  ${nodes.length} nodes`, ...rows(count(nodes))].join('\n'))
    print([`  ${edges.length} edges, ${stats.unresolved} of them unresolved`, ...rows(count(edges))].join('\n'))
    if (notes.length > 0) print(`  ${notes.length} notes on files that were not (fully) analysed: --json tells them`)
    return EXIT.ok
  },
}
