import { readdir, stat } from 'node:fs/promises'
import { join, resolve, sep } from 'node:path'
import { parseArgs } from 'node:util'
import { ignoredFolder } from '../../graph/analysis/languages.ts'
import { AnalysisError, runAnalysis } from '../../graph/analysis/run.ts'
import type { AnalysisResult, InputFile } from '../../graph/analysis/types.ts'
import { createPace } from '../../graph/pace.ts'
import { EXIT, OperatorError } from '../exit.ts'
import { type Command, usageError } from './command.ts'

/** The id that local graphs have: ids of nodes and edges follow from it and are the same on every machine. */
export const LOCAL_SOURCE = '00000000-0000-8000-8000-000000000000'
const BAR = 24

/** Files below a directory, without links and without folders that are never analysed. */
export async function filesOf(root: string): Promise<InputFile[]> {
  const files: InputFile[] = []
  const open = ['']
  for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
    for (const entry of await readdir(join(root, folder), { withFileTypes: true })) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`
      if (entry.isDirectory() && ignoredFolder(`${path}/x`) === undefined) open.push(path)
      else if (entry.isFile()) files.push({ path, size: (await stat(join(root, path))).size })
    }
  }
  return files
}

/** A bar on standard error, where that is a terminal. */
function createBar(): { report: (value: number, phase: string) => void; end: () => void } {
  const { stderr } = process
  if (!stderr.isTTY) return { report: () => {}, end: () => {} }
  return {
    report(value, phase) {
      const full = Math.round(value * BAR)
      stderr.write(`\r\u001b[K[${'#'.repeat(full)}${'.'.repeat(BAR - full)}] ${Math.round(value * 100)} % ${phase}`)
    },
    end: () => void stderr.write('\r\u001b[K'),
  }
}

/**
 * Analyses a directory of this machine, with no server and no database: the same analysis, the same result.
 * @throws OperatorError for what is no directory, or cannot be analysed
 */
export async function analyzeDirectory(directory: string): Promise<AnalysisResult & { name: string }> {
  const root = resolve(directory)
  const info = await stat(root).catch(() => undefined)
  if (!info?.isDirectory()) throw new OperatorError(`${directory} is not a directory`, EXIT.usage)
  const name = root.split(sep).at(-1) || 'root'
  const bar = createBar()
  try {
    const pace = createPace(bar.report)
    const input = { sourceId: LOCAL_SOURCE, name, root, files: await filesOf(root) }
    return { ...(await runAnalysis(input, { onProgress: ({ phase, done, total }) => pace(phase, done, total) })), name }
  } catch (error) {
    if (error instanceof AnalysisError) throw new OperatorError(error.message, EXIT.failed)
    throw error
  } finally {
    bar.end()
  }
}

/** The one directory of a command line and its options. */
export function readArguments(command: Pick<Command, 'usage'>, args: string[]) {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        json: { type: 'boolean', default: false },
        format: { type: 'string', default: 'json' },
        'type-only': { type: 'boolean', default: false },
        depth: { type: 'string', default: '10' },
      },
    })
    return { values, positionals }
  } catch (error) {
    throw usageError(command, (error as Error).message)
  }
}
