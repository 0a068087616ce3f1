#!/usr/bin/env node
// Runs the built command line; a checkout that was never built says how to.
import { existsSync } from 'node:fs'

const cli = new URL('../dist/src/cli.js', import.meta.url)
if (existsSync(cli)) await import(cli.href)
else {
  console.error('Parley is not built yet: run `npm run build` once.')
  process.exitCode = 1
}
