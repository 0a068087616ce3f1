// The whole test run: type check, lint, import rules, then every test against services of its own, then the coverage gate. The last line
// is `N passed, N failed, N skipped`. Arguments choose tests by path or part of a path, without checks and gate:
//   npm test                     everything
//   npm test -- test/graph       the tests below a folder
//   npm test -- sockets          every test whose path has "sockets" in it
// REQUIRE_SERVICES=1 turns tests that are skipped for want of a service into failures.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startTestPostgres } from '../test/helpers/postgres-server.ts'
import { findTestRedis } from '../test/helpers/redis-server.ts'
import { bundleTests } from './test/bundle.ts'
import { type CheckResult, runChecks, runNode } from './test/checks.ts'
import { measureCoverage } from './test/coverage.ts'
import { untestedRoutes } from './test/routes.ts'
import { type Counts, runTap } from './test/tap.ts'

const GATE_PERCENT = 90
const root = dirname(dirname(fileURLToPath(import.meta.url)))
const counts: Counts = { passed: 0, failed: 0, skipped: 0 }

function chooseFiles(filters: string[]): string[] {
  const all = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
    .map((name) => join('test', name))
    .filter((name) => name.endsWith('.test.ts') && !name.includes('fixtures'))
    .sort()
  return filters.length === 0
    ? all
    : all.filter((file) => filters.some((filter) => file.includes(filter.replace(/^\.\//, ''))))
}

function show(result: CheckResult): void {
  console.log(`${result.ok ? 'ok    ' : 'NOT OK'} ${result.name} (${result.seconds.toFixed(1)} s)`)
  if (!result.ok) {
    counts.failed += 1
    console.log(result.output)
  }
}

/** Tests see the services of this run only, and nothing of the caller's configuration. */
function testEnvironment(databaseUrl: string, redisUrl: string | undefined): NodeJS.ProcessEnv {
  const {
    DATABASE_URL: _database,
    REDIS_URL: _redis,
    NODE_ENV: _mode,
    PORT: _port,
    DATA_DIR: _dir,
    ...rest
  } = process.env
  return { ...rest, TEST_DATABASE_URL: databaseUrl, TEST_REDIS_URL: redisUrl ?? '' }
}

async function runTests(files: string[], coverageDir: string | undefined, routesDir: string): Promise<void> {
  const redis = await findTestRedis()
  if (!redis)
    console.log(
      'No Redis found (REDIS_URL, 127.0.0.1:6379, redis-server, valkey-server): tests that need it are skipped.',
    )
  const [bundle, database] = await Promise.all([bundleTests(root, files), startTestPostgres()])
  try {
    const run = await runTap(
      root,
      bundle,
      { ...testEnvironment(database.url, redis?.url), TEST_ROUTES_DIR: routesDir },
      coverageDir,
    )
    counts.passed += run.passed
    counts.failed += run.failed
    counts.skipped += run.skipped
  } finally {
    bundle.remove()
    await database.stop()
    await redis?.stop()
  }
}

function checkRoutes(dir: string): void {
  const { seen, faults } = untestedRoutes(dir)
  for (const fault of faults) console.log(`       ${fault}`)
  const ok = seen > 0 && faults.length === 0
  console.log(
    `${ok ? 'ok    ' : 'NOT OK'} routes: ${seen - faults.length} of ${seen} have their rows (success, 400, 401, 403, 404)`,
  )
  if (!ok) counts.failed += 1
}

async function checkCoverage(dir: string): Promise<void> {
  const { files, covered, lines, percent } = await measureCoverage(root, dir)
  const low = files.filter((file) => file.covered / file.lines < GATE_PERCENT / 100)
  for (const file of low.sort((a, b) => a.covered / a.lines - b.covered / b.lines)) {
    console.log(
      `       ${((100 * file.covered) / file.lines).toFixed(0).padStart(3)} % ${file.path} (${file.lines - file.covered} lines not run)`,
    )
  }
  const ok = percent >= GATE_PERCENT
  console.log(
    `${ok ? 'ok    ' : 'NOT OK'} coverage: ${percent.toFixed(1)} % of ${lines} lines (${covered} run), at least ${GATE_PERCENT} % wanted`,
  )
  if (!ok) counts.failed += 1
}

async function main(): Promise<void> {
  const filters = process.argv.slice(2)
  const files = chooseFiles(filters)
  if (files.length === 0) throw new Error(`No test file matches ${filters.join(' ')}`)
  const whole = filters.length === 0
  if (whole) {
    for (const result of await runChecks(root)) show(result)
    if (counts.failed > 0) return
  }
  const built = await runNode([join(root, 'scripts', 'build.js')], root)
  if (!built.ok) throw new Error(`The build failed:\n${built.output}`)
  const coverageDir = whole ? join(root, 'coverage') : undefined
  if (coverageDir) {
    rmSync(coverageDir, { recursive: true, force: true })
    mkdirSync(coverageDir)
  }
  const routesDir = mkdtempSync(join(tmpdir(), 'parley-routes-'))
  try {
    await runTests(files, coverageDir, routesDir)
    if (whole) checkRoutes(routesDir)
  } finally {
    rmSync(routesDir, { recursive: true, force: true })
  }
  if (coverageDir && existsSync(coverageDir)) await checkCoverage(coverageDir)
}

try {
  await main()
} catch (error) {
  counts.failed += 1
  console.error(error instanceof Error ? error.message : error)
}
process.exitCode = counts.failed > 0 ? 1 : 0
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`)
