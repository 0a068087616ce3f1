import { join } from 'node:path'
import { build } from 'esbuild'

/**
 * Compiles generator and baselines to dist/bench and returns that directory: they run as plain JavaScript, like the
 * server they are compared with, not through a loader.
 */
export async function compile(root: string): Promise<string> {
  const outdir = join(root, 'dist', 'bench')
  const baselines = ['node-http', 'lean', 'full', 'ws-bare', 'ws-jwt', 'ws-insert', 'socket-io', 'login']
  const entries = ['generator', 'collect', 'unstored', ...baselines.map((name) => `baselines/${name}`)]
  await build({
    entryPoints: Object.fromEntries(entries.map((entry) => [entry, join(root, 'bench', `${entry}.ts`)])),
    outdir,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'warning',
  })
  return outdir
}
