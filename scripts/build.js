// Builds the server and the browser code into dist/ when their sources changed since the last build. Plain JavaScript without
// dependencies, so that a start with nothing to build costs milliseconds. Options: --force.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { packages } from './packages.js'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const SOURCES = [
  'src',
  'plugins',
  'routes',
  'sdk',
  'web',
  'scripts/build.js',
  'scripts/packages.js',
  'tsconfig.json',
  'package-lock.json',
]

/** A digest of names, sizes and times of all that goes into a build. */
function fingerprint() {
  const hash = createHash('sha256')
  const visit = (path) => {
    const full = join(root, path)
    const stats = statSync(full, { throwIfNoEntry: false })
    if (!stats) return
    if (stats.isDirectory()) for (const name of readdirSync(full).sort()) visit(join(path, name))
    else hash.update(`${path}\0${stats.size}\0${stats.mtimeMs}\n`)
  }
  for (const path of SOURCES) visit(path)
  return hash.digest('hex')
}

/** The server, its command line and its worker threads, each an entry at its place below dist/src; what they share is in chunks beside them. */
async function bundle(esbuild, outDir) {
  const entries = ['server', 'cli', 'graph/analysis/worker', 'graph/metrics/worker']
  await esbuild.build({
    absWorkingDir: root,
    entryPoints: entries.map((entry) => `src/${entry}.ts`),
    outdir: outDir,
    outbase: '.',
    chunkNames: 'src/[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    sourcemap: true,
    logLevel: 'warning',
    plugins: [packages],
  })
}

async function main() {
  const stamp = join(root, 'dist', '.stamp')
  const wanted = fingerprint()
  if (!process.argv.includes('--force') && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return
  const begin = Date.now()
  console.log('Building Parley (only when its sources changed) ...')
  // Into a folder of its own and renamed: two starts at once, or one that is interrupted, never leave half a build behind.
  const draft = join(root, `dist.${process.pid}`)
  const esbuild = await import('esbuild').catch(() => {
    console.error(
      'The sources changed since the last build and the bundler is not installed: run npm ci (with development dependencies).',
    )
    process.exit(1)
  })
  rmSync(draft, { recursive: true, force: true })
  mkdirSync(draft)
  try {
    await bundle(esbuild, draft)
    const web = join(root, 'web', 'build.js')
    if (existsSync(web)) await (await import(pathToFileURL(web).href)).buildWeb(join(draft, 'web'))
    writeFileSync(join(draft, '.stamp'), wanted)
    const old = join(root, `dist.old.${process.pid}`)
    if (existsSync(join(root, 'dist'))) renameSync(join(root, 'dist'), old)
    renameSync(draft, join(root, 'dist'))
    rmSync(old, { recursive: true, force: true })
  } finally {
    rmSync(draft, { recursive: true, force: true })
  }
  console.log(`Built in ${((Date.now() - begin) / 1000).toFixed(1)} s.`)
}

await main()
