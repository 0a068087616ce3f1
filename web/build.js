// Bundles the page into a folder: index.html, and everything else under assets/ with a hash of its content in its name, so that a
// browser may keep it for ever. Plain JavaScript, because it runs before anything is built.
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { brotliCompress, gzip } from 'node:zlib'
import { context } from 'esbuild'

const here = dirname(fileURLToPath(import.meta.url))

/** The name that an entry got, from esbuild's list of outputs. */
function assetOf(metafile, outDir, entry) {
  for (const [file, output] of Object.entries(metafile.outputs)) {
    if (output.entryPoint?.endsWith(entry)) return `/assets/${file.slice(file.lastIndexOf('/') + 1)}`
  }
  throw new Error(`no output for ${entry} in ${outDir}`)
}

async function writeIndex(metafile, outDir) {
  const template = await readFile(join(here, 'console', 'index.html'), 'utf8')
  const page = template
    .replace('%script%', assetOf(metafile, outDir, 'console/main.ts'))
    .replace('%style%', assetOf(metafile, outDir, 'console/style/index.css'))
    .replace('%icon%', assetOf(metafile, outDir, 'console/icon.svg'))
  await writeFile(join(outDir, 'index.html'), page)
}

/** Removes bundles of earlier rounds of the watcher. */
async function sweep(metafile, outDir) {
  const wanted = new Set(Object.keys(metafile.outputs).map((file) => file.slice(file.lastIndexOf('/') + 1)))
  for (const name of await readdir(join(outDir, 'assets'))) {
    if (!wanted.has(name)) await rm(join(outDir, 'assets', name))
  }
}

/** Writes what a browser downloads a second and third time, compressed: better than any server could on the fly, and for nothing. */
async function compress(outDir) {
  const folder = join(outDir, 'assets')
  for (const name of await readdir(folder)) {
    if (!/[.](js|css|svg)$/.test(name)) continue
    const content = await readFile(join(folder, name))
    await writeFile(join(folder, `${name}.br`), await promisify(brotliCompress)(content))
    await writeFile(join(folder, `${name}.gz`), await promisify(gzip)(content, { level: 9 }))
  }
}

const index = (outDir) => ({
  name: 'index',
  setup(build) {
    build.onEnd(async ({ metafile, errors }) => {
      if (!metafile || errors.length > 0) return
      await writeIndex(metafile, outDir)
      await sweep(metafile, outDir)
    })
  },
})

/**
 * Builds the page into `outDir`; with `watch` also on every later change, until the process ends.
 * @param {string} outDir
 * @param {{ watch?: boolean }} [options]
 */
export async function buildWeb(outDir, { watch = false } = {}) {
  await mkdir(join(outDir, 'assets'), { recursive: true })
  const bundler = await context({
    absWorkingDir: here,
    entryPoints: ['console/main.ts', 'console/style/index.css', 'console/icon.svg'],
    entryNames: '[name]-[hash]',
    outdir: join(outDir, 'assets'),
    bundle: true,
    format: 'esm',
    target: ['es2022', 'chrome111', 'firefox114', 'safari16.4'],
    minify: !watch,
    sourcemap: true,
    metafile: true,
    loader: { '.svg': 'copy' },
    logLevel: 'warning',
    plugins: [index(outDir)],
  })
  await bundler.rebuild()
  if (watch) await bundler.watch()
  else {
    await bundler.dispose()
    await compress(outDir)
  }
}
