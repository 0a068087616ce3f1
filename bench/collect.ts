/**
 * Loaded into every socket server of the bench before its own code (`--expose-gc --import`): SIGUSR2 collects the
 * garbage, so that the memory per connection is what connections hold and not what the collector has yet to do.
 */
process.on('SIGUSR2', () => {
  globalThis.gc?.()
  globalThis.gc?.()
})
