import { property, strings } from './jsonc.ts'
import type { Tree } from './tree.ts'
import { ancestors, dirname, join } from './tree.ts'

const CONFIG_DIR = /\$\{configDir\}/

/** What of a tsconfig matters for resolution; folders are paths inside the tree. */
export interface TsProject {
  /** Patterns with the targets as paths inside the tree. */
  paths: { pattern: string; targets: string[] }[]
  baseUrl?: string
  outDir?: string
  rootDir?: string
  /** `customConditions`. */
  conditions?: string[]
}

export interface TsProjects {
  /** The projects that may govern a file, nearest tsconfig first, its references after it. */
  of: (path: string) => TsProject[]
}

/**
 * Reads tsconfig.json/jsconfig.json on demand, through `extends`. `paths` are relative to the file that wrote them (or its baseUrl).
 * `packageFile` finds an extended config in a workspace package; configs of foreign packages are not in the tree.
 */
export function createTsProjects(
  tree: Tree,
  packageFile: (request: string, from: string) => string | undefined,
): TsProjects {
  const byFolder = new Map<string, TsProject[]>()
  const projectsIn = (folder: string): TsProject[] => {
    const known = byFolder.get(folder)
    if (known) return known
    const name = ['tsconfig.json', 'jsconfig.json', 'tsconfig.base.json'].find((file) =>
      tree.has(join(folder, file) ?? ''),
    )
    const projects: TsProject[] = []
    byFolder.set(folder, projects)
    if (name !== undefined) collect(join(folder, name) as string, projects, new Set())
    return projects
  }

  function collect(path: string, projects: TsProject[], seen: Set<string>): void {
    if (seen.has(path)) return
    seen.add(path)
    projects.push(readProject(path, new Set()))
    const references = property(tree.json(path), 'references')
    for (const reference of Array.isArray(references) ? references : []) {
      const written = property(reference, 'path')
      const target = typeof written === 'string' ? join(dirname(path), written) : undefined
      const file = target === undefined ? undefined : [target, `${target}/tsconfig.json`].find(tree.has)
      // A reference to another folder governs that folder's files, which find it by themselves.
      if (file !== undefined && dirname(file) === dirname(path)) collect(file, projects, seen)
    }
  }

  function readProject(path: string, seen: Set<string>): TsProject {
    if (seen.has(path)) return { paths: [] }
    seen.add(path)
    const config = tree.json(path)
    const folder = dirname(path)
    let project: TsProject = { paths: [] }
    const parents = property(config, 'extends')
    for (const parent of typeof parents === 'string' ? [parents] : strings(parents)) {
      const file = findParent(parent, folder)
      if (file !== undefined) project = { ...project, ...readProject(file, seen) }
    }
    return { ...project, ...ownOptions(property(config, 'compilerOptions'), folder, project) }
  }

  function findParent(request: string, folder: string): string | undefined {
    const base = request.startsWith('.') ? join(folder, request) : packageFile(request, folder)
    if (base === undefined) return undefined
    return [base, `${base}.json`, `${base}/tsconfig.json`].find(tree.has)
  }

  return {
    of(path) {
      for (const folder of ancestors(dirname(path))) {
        const projects = projectsIn(folder)
        if (projects.length > 0) return projects
      }
      return []
    },
  }
}

function ownOptions(options: unknown, folder: string, inherited: TsProject): Partial<TsProject> {
  const own: Partial<TsProject> = {}
  const place = (value: unknown) =>
    typeof value === 'string' ? join(folder, value.replace(CONFIG_DIR, '.')) : undefined
  const baseUrl = place(property(options, 'baseUrl'))
  if (baseUrl !== undefined) own.baseUrl = baseUrl
  const outDir = place(property(options, 'outDir'))
  if (outDir !== undefined) own.outDir = outDir
  const rootDir = place(property(options, 'rootDir'))
  if (rootDir !== undefined) own.rootDir = rootDir
  const conditions = strings(property(options, 'customConditions'))
  if (conditions.length > 0) own.conditions = conditions
  const paths = property(options, 'paths')
  if (typeof paths === 'object' && paths !== null) {
    const from = own.baseUrl ?? inherited.baseUrl ?? folder
    own.paths = Object.entries(paths).map(([pattern, targets]) => ({
      pattern,
      targets: strings(targets).flatMap((target) => join(from, target.replace(CONFIG_DIR, '.')) ?? []),
    }))
  }
  return own
}

/** Targets of the most specific pattern that matches a request, with the star filled in. */
export function matchPaths(paths: TsProject['paths'], request: string): string[] {
  let best: { pattern: string; targets: string[]; prefix: number; star: string } | undefined
  for (const { pattern, targets } of paths) {
    const star = pattern.indexOf('*')
    if (star < 0) {
      if (pattern === request) return targets
      continue
    }
    const prefix = pattern.slice(0, star)
    const suffix = pattern.slice(star + 1)
    const fits =
      request.startsWith(prefix) && request.endsWith(suffix) && request.length >= prefix.length + suffix.length
    if (fits && (best === undefined || star > best.prefix)) {
      best = { pattern, targets, prefix: star, star: request.slice(star, request.length - suffix.length) }
    }
  }
  return best ? best.targets.map((target) => target.replace('*', (best as { star: string }).star)) : []
}
