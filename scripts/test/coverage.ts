import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { transform } from 'esbuild'
import { TEST_BUILDS } from './bundle.ts'

/** Lines of one source file that were run. */
export type FileCoverage = { path: string; covered: number; lines: number }

/** Of all source files together, as tap's tests and every process they started ran them. */
export type Coverage = { files: FileCoverage[]; covered: number; lines: number; percent: number }

type V8Entry = { url: string }
type RawCoverage = { result: V8Entry[]; 'source-map-cache'?: Record<string, unknown> }
type CoverageMap = {
  files(): string[]
  fileCoverageFor(file: string): { getLineCoverage(): Record<string, number> }
}
type ReportClass = new (options: object) => { getCoverageMapFromAllCoverageFiles(): Promise<CoverageMap> }

const ROOMS = ['src', 'plugins', 'routes', 'sdk']
/** Where code of the rooms is run from: themselves, the build, and the bundles of the tests. */
const PLACES = [...ROOMS, ...ROOMS.map((room) => `dist/${room}`), TEST_BUILDS]

/**
 * Line coverage of the server and the SDK from V8's raw files in `dir`. Sources that no process loaded count with all their lines, unless
 * they hold nothing but types.
 */
export async function measureCoverage(root: string, dir: string): Promise<Coverage> {
  trim(root, dir)
  const { Report } = createRequire(import.meta.url)('c8') as { Report: ReportClass }
  const report = new Report({
    tempDirectory: dir,
    include: PLACES.map((place) => `${place}/**`),
    exclude: [],
    extension: ['.ts', '.js'],
    excludeNodeModules: true,
    excludeAfterRemap: false,
    reporter: [],
    resolve: '',
    omitRelative: true,
  })
  const map = await report.getCoverageMapFromAllCoverageFiles()
  const seen = new Map<string, FileCoverage>()
  for (const file of map.files()) {
    const path = relative(root, file)
    const hits = Object.values(map.fileCoverageFor(file).getLineCoverage())
    seen.set(path, { path, lines: hits.length, covered: hits.filter((hit) => hit > 0).length })
  }
  const files: FileCoverage[] = []
  for (const path of sources(root)) {
    const found = seen.get(path) ?? (await unloaded(root, path))
    if (found) files.push(found)
  }
  const covered = files.reduce((sum, file) => sum + file.covered, 0)
  const lines = files.reduce((sum, file) => sum + file.lines, 0)
  return { files, covered, lines, percent: lines === 0 ? 0 : (100 * covered) / lines }
}

/** V8 reports every module of every dependency: only ours are kept, or the merge would take minutes. */
function trim(root: string, dir: string): void {
  const prefixes = PLACES.map((place) => `${pathToFileURL(join(root, place)).href}/`)
  const isOurs = (url: string) => prefixes.some((prefix) => url.startsWith(prefix))
  for (const name of readdirSync(dir)) {
    const file = join(dir, name)
    let raw: RawCoverage
    try {
      raw = JSON.parse(readFileSync(file, 'utf8'))
    } catch {
      // A process that was killed while it wrote.
      raw = { result: [] }
    }
    const result = raw.result.filter((entry) => isOurs(entry.url))
    const maps = Object.fromEntries(Object.entries(raw['source-map-cache'] ?? {}).filter(([url]) => isOurs(url)))
    writeFileSync(file, JSON.stringify({ result, timestamp: 0, 'source-map-cache': maps }))
  }
}

function sources(root: string): string[] {
  const found: string[] = []
  for (const room of ROOMS) {
    for (const entry of safeList(join(root, room))) {
      if (entry.endsWith('.ts') && !entry.endsWith('.d.ts')) found.push(join(room, entry))
    }
  }
  return found.sort()
}

function safeList(dir: string): string[] {
  try {
    return readdirSync(dir, { recursive: true, encoding: 'utf8' })
  } catch {
    return []
  }
}

async function unloaded(root: string, path: string): Promise<FileCoverage | undefined> {
  const text = readFileSync(join(root, path), 'utf8')
  const { code } = await transform(text, {
    loader: 'ts',
    legalComments: 'none',
    tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
  })
  const isEmpty = code.replace(/export \{\s*\};?/g, '').trim() === ''
  return isEmpty ? undefined : { path, lines: text.split('\n').length, covered: 0 }
}
