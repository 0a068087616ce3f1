import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build, type Plugin } from 'esbuild'
import { recordSchemas } from '../docs/record-schemas.ts'
import { packages } from '../packages.js'

/** Where the tests of a run are built, below the root of the project. Not kept by git. */
export const TEST_BUILDS = '.tests'

/** Tests as JavaScript that Node runs without a loader. */
export interface TestBundle {
  /** The built file of a test, by the path of its source. */
  built: Map<string, string>
  /** What the path of a built file is in the sources. */
  sourceOf(file: string): string
  remove(): void
}

/** It asks whether it is built: so it is, and its worker threads are those of dist/. */
const WORKER = join('src', 'lib', 'worker.ts')

/** What stands for `import.meta.url` and `import.meta.dirname` in a bundle. */
const PLACE = { url: '__moduleUrl', dirname: '__moduleFolder' }

/** Every module goes on to think that it lies where its source is: fixtures and processes of a test are found beside it. */
function places(root: string): Plugin {
  return {
    name: 'places',
    setup({ onLoad }) {
      onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        const source = await readFile(path, 'utf8')
        if (path.includes('node_modules') || !source.includes('import.meta.')) return undefined
        const place = path === join(root, WORKER) ? join(root, 'dist', WORKER.replace(/ts$/, 'js')) : path
        const own = `const ${PLACE.url} = ${JSON.stringify(pathToFileURL(place).href)}, ${PLACE.dirname} = ${JSON.stringify(dirname(place))};`
        return { contents: `${own} ${source}`, loader: 'ts' }
      })
    },
  }
}

/** The schemas of the records are found by importing sources one by one, which needs a loader: they are looked up here, once for all tests. */
const records: Plugin = {
  name: 'records',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]record-schemas\.ts$/ }, async () => ({
      contents: `export const recordSchemas = async () => (${JSON.stringify(await recordSchemas())})`,
      loader: 'js',
    }))
  },
}

/** Builds test files once for a run: what they share is compiled and read once instead of by each of a hundred processes. */
export async function bundleTests(root: string, files: string[]): Promise<TestBundle> {
  const home = join(root, TEST_BUILDS)
  mkdirSync(home, { recursive: true })
  const outdir = mkdtempSync(join(home, 'run-'))
  await build({
    absWorkingDir: root,
    entryPoints: files,
    outdir,
    outbase: '.',
    chunkNames: 'chunks/[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    sourcemap: true,
    logLevel: 'warning',
    define: { 'import.meta.url': PLACE.url, 'import.meta.dirname': PLACE.dirname },
    plugins: [packages, records, places(root)],
  })
  const built = new Map(files.map((file) => [file, relative(root, join(outdir, file.replace(/\.ts$/, '.js')))]))
  const sources = new Map([...built].map(([source, file]) => [file, source]))
  return {
    built,
    sourceOf: (file) => sources.get(file) ?? file,
    remove: () => rmSync(outdir, { recursive: true, force: true }),
  }
}
