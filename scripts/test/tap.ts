import { spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import PQueue from 'p-queue'
import { type FinalResults, Parser, type Result } from 'tap-parser'
import type { TestBundle } from './bundle.ts'

/** Leaf assertions of a run: subtests and files are not counted beside what is in them. */
export type Counts = { passed: number; failed: number; skipped: number }

/** More than there are cores: tests also wait, for disks and for processes that they started. */
const JOBS = 3
/** How long a file may take, seconds: tap then tells where it stands. One that does not even do that is killed a little later. */
const FILE_TIMEOUT = 600
const LAST_WORDS = 15
/** Folders with the files that take longest: begun first, so that none of them is alone at the end. */
const FIRST = ['test/acceptance', 'test/web', 'test/graph', 'test/db', 'test/promises']

function inOrder(files: string[]): string[] {
  const place = (file: string) => FIRST.findIndex((folder) => file.startsWith(folder)) >>> 0
  return [...files].sort((a, b) => place(a) - place(b))
}

/**
 * Runs the built test files, each in a process of its own, and prints a line for each when it ends, with the details of what failed.
 * V8 coverage goes to `coverageDir`.
 */
export async function runTap(
  root: string,
  { built }: TestBundle,
  env: NodeJS.ProcessEnv,
  coverageDir?: string,
): Promise<Counts> {
  if (coverageDir) mkdirSync(coverageDir, { recursive: true })
  const total: Counts = { passed: 0, failed: 0, skipped: 0 }
  const queue = new PQueue({ concurrency: JOBS })
  const environment = {
    ...env,
    TAP: '1',
    TAP_TIMEOUT: String(FILE_TIMEOUT),
    ...(coverageDir ? { NODE_V8_COVERAGE: coverageDir } : {}),
  }
  await queue.addAll(
    inOrder([...built.keys()]).map((name) => async () => {
      const outcome = await runFile(root, name, built.get(name) as string, environment)
      report(outcome)
      for (const key of ['passed', 'failed', 'skipped'] as const) total[key] += outcome.counts[key]
    }),
  )
  return total
}

/** Resolves when the process has ended, whatever became of it. */
function runFile(root: string, name: string, file: string, env: NodeJS.ProcessEnv): Promise<Outcome> {
  const begin = performance.now()
  const outcome: Outcome = {
    name,
    counts: { passed: 0, failed: 0, skipped: 0 },
    skips: [],
    failures: [],
    notes: [],
    end: '',
    seconds: 0,
  }
  const parser = new Parser()
  watch(parser, [], outcome.counts, outcome.skips, outcome.failures)
  takeNotes(parser, outcome.notes)
  const child = spawn(process.execPath, ['--enable-source-maps', '--no-warnings=ExperimentalWarning', file], {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const killer = setTimeout(() => child.kill('SIGKILL'), (FILE_TIMEOUT + LAST_WORDS) * 1000)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', () => clearTimeout(killer))
    const ended = new Promise<number | NodeJS.Signals | null>((tell) =>
      child.on('close', (code, signal) => tell(signal ?? code)),
    )
    parser.on('complete', async (results: FinalResults) => {
      const status = await ended
      outcome.seconds = (performance.now() - begin) / 1000
      if (status !== 0) outcome.end = `ended with ${status}`
      else if (!results.ok) outcome.end = results.failures.map(({ name }) => name).join(', ') || 'broke its plan'
      // A file that crashed, timed out or broke its plan fails without a failing assertion of its own.
      if (outcome.end !== '' && outcome.counts.failed === 0) outcome.counts.failed = 1
      resolve(outcome)
    })
    child.stdout.pipe(parser)
  })
}

type Outcome = {
  name: string
  counts: Counts
  skips: string[]
  failures: { path: string; result: Result }[]
  /** What the tests themselves tell (`t.comment`): seeds and counts. */
  notes: string[]
  /** Why the file failed as a whole; empty when it did not. */
  end: string
  seconds: number
}

function report({ name, counts, skips, failures, notes, end, seconds }: Outcome): void {
  const more = `${counts.failed > 0 ? `, ${counts.failed} failed` : ''}${counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''}`
  console.log(
    `${counts.failed === 0 ? 'ok    ' : 'NOT OK'} ${name} (${counts.passed} passed${more}, ${seconds.toFixed(1)} s)`,
  )
  for (const { path, result } of failures) {
    console.log(`       ${path}`)
    if (result.diag) console.log(indent(describe(result.diag)))
  }
  if (end !== '') console.log(indent(end))
  for (const note of notes) console.log(`       ${note}`)
  for (const skip of skips) console.log(`       skipped: ${skip}`)
}

/** Comments of the tests, but those that tap makes itself. */
function takeNotes(parser: Parser, notes: string[]): void {
  parser.on('child', (inner: Parser) => takeNotes(inner, notes))
  parser.on('comment', (text: string) => {
    if (!/^\s*# (\{ total: |Subtest: |time=|skip: |todo: |failed \d)/i.test(text))
      notes.push(text.replace(/^\s*# ?/, '').trimEnd())
  })
}

function watch(
  parser: Parser,
  path: string[],
  counts: Counts,
  skips: string[],
  failures: { path: string; result: Result }[],
) {
  let child: { counts: Counts } | undefined
  parser.on('child', (inner: Parser) => {
    child = { counts: { passed: 0, failed: 0, skipped: 0 } }
    watch(inner, [...path, inner.name], child.counts, skips, failures)
  })
  parser.on('assert', (result: Result) => {
    const name = [...path, result.name].join(' > ')
    const subtest = child?.counts
    child = undefined
    if (subtest) for (const key of ['passed', 'failed', 'skipped'] as const) counts[key] += subtest[key]
    if (result.skip || result.todo) {
      // A subtest that skips itself is told once, by its own line.
      if (!subtest || subtest.skipped === 0) {
        counts.skipped += 1
        skips.push(`${name}${typeof result.skip === 'string' ? `: ${result.skip}` : ''}`)
      }
    } else if (!result.ok && (!subtest || subtest.failed === 0)) {
      counts.failed += 1
      failures.push({ path: name, result })
    } else if (result.ok && !subtest) {
      counts.passed += 1
    }
  })
}

function indent(text: string): string {
  return text.replace(/^/gm, '         ')
}

function describe(diag: object): string {
  const lines = Object.entries(diag).map(([key, value]) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value)
    return `${key}: ${text.includes('\n') ? `\n${indent(text.slice(0, 2_000).trimEnd())}` : text}`
  })
  return lines.join('\n')
}
