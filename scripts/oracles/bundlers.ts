import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { customConditions } from './typescript.ts'

/** Import edges as another tool sees them. */
export interface ToolOracle {
  version: string
  imports: [from: string, to: string][]
}

/** What dependency-cruiser says, type-only imports included. */
export function askDependencyCruiser(root: string): ToolOracle {
  const folder = mkdtempSync(join(tmpdir(), 'oracle-'))
  const config = join(folder, 'config.cjs')
  const tsConfig = existsSync(join(root, 'tsconfig.json')) ? { tsConfig: { fileName: 'tsconfig.json' } } : {}
  const options = {
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: [...customConditions(root), 'import', 'require', 'node', 'default', 'types'],
    },
    ...tsConfig,
  }
  writeFileSync(config, `module.exports = { options: ${JSON.stringify(options)} }`)
  const home = resolve(import.meta.dirname, '../../node_modules/dependency-cruiser')
  const bin = join(home, 'bin/dependency-cruise.mjs')
  const out = execFileSync(process.execPath, [bin, '--config', config, '--output-type', 'json', '.'], {
    cwd: root,
    maxBuffer: 2 ** 30,
  })
  rmSync(folder, { recursive: true })
  const { modules } = JSON.parse(out.toString()) as {
    modules: { source: string; dependencies: { resolved: string; couldNotResolve: boolean }[] }[]
  }
  const imports = modules.flatMap(({ source, dependencies }) =>
    dependencies
      .filter(({ couldNotResolve }) => !couldNotResolve)
      .map(({ resolved }): [string, string] => [source, resolved]),
  )
  return {
    version: (JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')) as { version: string }).version,
    imports,
  }
}

/** What madge says. It is not a dependency of this project: `madge` is the folder it is installed in. */
export async function askMadge(root: string, madge: string): Promise<ToolOracle> {
  const load = createRequire(join(madge, 'package.json'))
  const run = load('madge') as (root: string, options: object) => Promise<{ obj: () => Record<string, string[]> }>
  const result = await run(root, {
    baseDir: root,
    fileExtensions: ['ts', 'tsx', 'mts', 'cts', 'js', 'jsx', 'mjs', 'cjs'],
    ...(existsSync(join(root, 'tsconfig.json')) ? { tsConfig: join(root, 'tsconfig.json') } : {}),
    detectiveOptions: { ts: { mixedImports: true }, tsx: { mixedImports: true }, es6: { mixedImports: true } },
  })
  const imports = Object.entries(result.obj()).flatMap(([from, list]) => list.map((to): [string, string] => [from, to]))
  return { version: (load('madge/package.json') as { version: string }).version, imports }
}
