import { renameSync, writeFileSync } from 'node:fs'

/**
 * Loaded into every socket server of the bench before its own code (`--expose-gc --import`): SIGUSR2 collects the
 * garbage and writes down what is left, so that the memory per connection is what connections hold and not what the
 * collector has yet to do. The file is BENCH_MEMORY_FILE; it appears whole.
 */
process.on('SIGUSR2', () => {
  globalThis.gc?.()
  globalThis.gc?.()
  const file = process.env.BENCH_MEMORY_FILE
  if (file === undefined) return
  writeFileSync(`${file}.part`, JSON.stringify(process.memoryUsage()))
  renameSync(`${file}.part`, file)
})
