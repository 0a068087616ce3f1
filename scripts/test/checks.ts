import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** What a check had to say; `ok` is false when the run must fail. */
export type CheckResult = { name: string; ok: boolean; output: string; seconds: number }

/** Runs a program of node_modules with Node, whatever PATH says, and collects its output. */
export function runNode(args: string[], cwd: string, env = process.env): Promise<{ ok: boolean; output: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
    const chunks: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk))
    child.on('error', (error) => resolve({ ok: false, output: error.message }))
    child.on('close', (code) => resolve({ ok: code === 0, output: Buffer.concat(chunks).toString() }))
  })
}

async function timed(name: string, run: () => Promise<{ ok: boolean; output: string }>): Promise<CheckResult> {
  const begin = performance.now()
  const { ok, output } = await run()
  return { name, ok, output: output.trim(), seconds: (performance.now() - begin) / 1000 }
}

/** Type checks, lint and import rules of the project at `root`. */
export async function runChecks(root: string): Promise<CheckResult[]> {
  const bin = (...parts: string[]) => join(root, 'node_modules', ...parts)
  const tsc = bin('typescript', 'bin', 'tsc')
  const types = timed('types', () => runNode([tsc, '--noEmit', '-p', '.'], root))
  const page = timed('types of web', () => runNode([tsc, '-p', 'web'], root))
  const lint = timed('lint', () =>
    runNode([bin('@biomejs', 'biome', 'bin', 'biome'), 'check', '--error-on-warnings', '.'], root),
  )
  const imports = timed('imports', () => checkImports(root))
  return Promise.all([types, page, lint, imports])
}

type CruiseReport = {
  summary: {
    totalCruised: number
    violations: { rule: { name: string; severity: string }; from: string; to: string }[]
  }
}

/** The import rules of `.dependency-cruiser.cjs` on the sources below `baseDir`. A run that saw no modules is a failure. */
export async function checkImports(
  root: string,
  baseDir = root,
): Promise<{ ok: boolean; output: string; rules: string[] }> {
  const cli = join(root, 'node_modules', 'dependency-cruiser', 'bin', 'dependency-cruise.mjs')
  const config = join(root, '.dependency-cruiser.cjs')
  const rooms = ['src', 'plugins', 'routes', 'sdk', 'web', 'bench', 'examples', 'test/acceptance']
  const present = rooms.filter((room) => existsSync(join(baseDir, room)))
  const run = await runNode([cli, '--config', config, '--output-type', 'json', ...present], baseDir)
  let report: CruiseReport
  try {
    report = JSON.parse(run.output)
  } catch {
    return { ok: false, output: `dependency-cruiser said nothing usable:\n${run.output.slice(0, 2000)}`, rules: [] }
  }
  const { totalCruised, violations } = report.summary
  if (totalCruised === 0) return { ok: false, output: 'dependency-cruiser saw no modules at all', rules: [] }
  const lines = violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`)
  return { ok: lines.length === 0, output: lines.join('\n'), rules: violations.map(({ rule }) => rule.name) }
}
