import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Worker, type WorkerOptions } from 'node:worker_threads'
import { packageRoot } from './version.ts'

/** Whether this is the built server, whose modules are bundled, rather than its sources under tsx. */
export const isBuilt = !import.meta.url.endsWith('.ts')

/** The file of a module of src/ that is an entry of the build, by its place: `graph/analysis/worker`. */
export const entryFile = (place: string): string =>
  isBuilt ? join(packageRoot, 'dist/src', `${place}.js`) : join(packageRoot, 'src', `${place}.ts`)

/** Starts a worker thread with an {@link entryFile}. Under tsx the worker registers the same loader first. */
export function startWorker(place: string, options: WorkerOptions): Worker {
  const entry = pathToFileURL(entryFile(place))
  if (isBuilt) return new Worker(entry, options)
  const loader = import.meta.resolve('tsx/esm/api')
  const code = `import(${JSON.stringify(loader)}).then(({ register }) => { register(); return import(${JSON.stringify(entry.href)}) })`
  return new Worker(code, { ...options, eval: true })
}
