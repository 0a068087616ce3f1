import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type FinalResults, Parser, type Result } from 'tap-parser'
import { runNode } from './checks.ts'

/** Leaf assertions of a run: subtests and files are not counted beside what is in them. */
export type Counts = { passed: number; failed: number; skipped: number }

/** Result of {@link runTap}. */
export type TapRun = Counts & { ok: boolean }

const tapCli = (root: string) => join(root, 'node_modules', 'tap', 'dist', 'esm', 'run.mjs')

/** tap compiles its test class for the configured plugins; without that, the first run of a fresh checkout fails. */
export async function prepareTap(root: string): Promise<void> {
  const version = readFileSync(join(root, 'node_modules', 'tap', 'package.json'), 'utf8')
  const plugins = /^plugin:\n(?: .*\n)*/m.exec(readFileSync(join(root, '.taprc'), 'utf8'))?.[0] ?? ''
  const hash = createHash('sha256').update(version).update(plugins).digest('hex')
  const stamp = join(root, 'node_modules', '.parley-tap')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return
  const built = await runNode([tapCli(root), 'build'], root)
  if (!built.ok) throw new Error(`tap build failed:\n${built.output}`)
  writeFileSync(stamp, hash)
}

/** Runs the test files and prints a line for each, with the details of what failed. V8 coverage goes to `coverageDir`. */
export function runTap(root: string, files: string[], env: NodeJS.ProcessEnv, coverageDir?: string): Promise<TapRun> {
  if (coverageDir) mkdirSync(coverageDir, { recursive: true })
  const args = [tapCli(root), 'run', '--disable-coverage', '--reporter=tap', ...files]
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { ...env, TAP: '1', ...(coverageDir ? { NODE_V8_COVERAGE: coverageDir } : {}) },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const total: Counts = { passed: 0, failed: 0, skipped: 0 }
  const parser = new Parser()
  let latest: Outcome | undefined
  parser.on('child', (file: Parser) => {
    latest = watchFile(file)
  })
  parser.on('assert', (file: Result) => {
    reportFile(
      latest ?? {
        name: '',
        counts: { passed: 0, failed: 0, skipped: 0 },
        skips: [],
        failures: [],
        notes: [],
        ended: undefined,
      },
      file,
      total,
    )
    latest = undefined
  })
  parser.on('bailout', (reason: string) => {
    total.failed += 1
    console.log(`Bail out! ${reason}`)
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.stdout.pipe(parser)
    let code: number | null = null
    let ended = false
    const finish = () => {
      if (!ended || code === null) return
      if (code !== 0 && total.failed === 0) total.failed = 1
      resolve({ ...total, ok: code === 0 && total.failed === 0 })
    }
    child.on('close', (status) => {
      code = status ?? 1
      finish()
    })
    parser.on('complete', () => {
      ended = true
      finish()
    })
  })
}

type Outcome = {
  name: string
  counts: Counts
  skips: string[]
  failures: { path: string; result: Result }[]
  /** What the tests themselves tell (`t.comment`): seeds and counts. */
  notes: string[]
  ended: FinalResults | undefined
}

function watchFile(file: Parser): Outcome {
  const outcome: Outcome = {
    name: file.name,
    counts: { passed: 0, failed: 0, skipped: 0 },
    skips: [],
    failures: [],
    notes: [],
    ended: undefined,
  }
  watch(file, [], outcome.counts, outcome.skips, outcome.failures)
  takeNotes(file, outcome.notes)
  file.on('complete', (results) => {
    outcome.ended = results
  })
  return outcome
}

function reportFile({ name, counts, skips, failures, notes, ended }: Outcome, file: Result, total: Counts): void {
  // A file that crashed, timed out or broke its plan fails without a failing assertion of its own.
  if (!file.ok && counts.failed === 0) counts.failed = 1
  for (const key of ['passed', 'failed', 'skipped'] as const) total[key] += counts[key]
  const seconds = ((file.time ?? 0) / 1000).toFixed(1)
  const more = `${counts.failed > 0 ? `, ${counts.failed} failed` : ''}${counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''}`
  console.log(`${file.ok ? 'ok    ' : 'NOT OK'} ${name || file.name} (${counts.passed} passed${more}, ${seconds} s)`)
  for (const { path, result } of failures) {
    console.log(`       ${path}`)
    if (result.diag) console.log(indent(describe(result.diag)))
  }
  if (!file.ok && failures.length === 0) {
    console.log(
      indent(`${ended?.failures.map((failure) => failure.name ?? String(failure)).join(', ') || 'ended early'}`),
    )
    if (file.diag) console.log(indent(describe(file.diag)))
  }
  for (const note of notes) console.log(`       ${note}`)
  for (const skip of skips) console.log(`       skipped: ${skip}`)
}

/** Comments of the tests, but those that tap makes itself. */
function takeNotes(parser: Parser, notes: string[]): void {
  parser.on('child', (inner: Parser) => takeNotes(inner, notes))
  parser.on('comment', (text: string) => {
    if (!/^\s*# (Subtest: |time=|skip: |todo: |failed \d)/i.test(text))
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
