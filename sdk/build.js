// Makes dist/ of the package: JavaScript modules for browsers and Node, and their types. `node build.js [folder]`; run by `npm pack`.
import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const here = dirname(fileURLToPath(import.meta.url))
const outdir = resolve(process.argv[2] ?? join(here, 'dist'))

rmSync(outdir, { recursive: true, force: true })
await build({
  entryPoints: [join(here, 'index.ts'), join(here, 'socket.ts')],
  outdir,
  bundle: true,
  splitting: true,
  format: 'esm',
  target: 'es2022',
  sourcemap: true,
  logLevel: 'warning',
})
const compiler = createRequire(import.meta.url).resolve('typescript/bin/tsc')
const options = [
  ...[
    '--declaration',
    '--emitDeclarationOnly',
    '--allowImportingTsExtensions',
    '--rewriteRelativeImportExtensions',
    '--skipLibCheck',
  ],
  ...['--strict', '--target', 'es2022', '--module', 'nodenext', '--lib', 'es2023,dom,dom.iterable', '--ignoreConfig'],
]
const files = ['index.ts', 'socket.ts'].map((name) => join(here, name))
const types = spawnSync(process.execPath, [compiler, ...options, '--outDir', outdir, ...files], { stdio: 'inherit' })
process.exitCode = types.status ?? 1
