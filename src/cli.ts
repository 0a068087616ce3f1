// The command line: `parley <command>`. Commands are in src/process/commands.
import { version } from './lib/version.ts'
import type { Command } from './process/commands/command.ts'
import { EXIT, explain } from './process/exit.ts'

/** Loaded when asked for: help must not wait for a database driver. */
const commands: Record<string, () => Promise<Command>> = {
  migrate: async () => (await import('./process/commands/migrate.ts')).migrate,
  doctor: async () => (await import('./process/commands/doctor.ts')).doctor,
  config: async () => (await import('./process/commands/config.ts')).config,
  secrets: async () => (await import('./process/commands/secrets.ts')).secrets,
  keys: async () => (await import('./process/commands/keys.ts')).keys,
  analyze: async () => (await import('./process/commands/analyze.ts')).analyze,
  graph: async () => (await import('./process/commands/graph.ts')).graph,
  user: async () => (await import('./process/commands/user.ts')).user,
}

async function help(): Promise<string> {
  const loaded = await Promise.all(Object.values(commands).map((load) => load()))
  const rows = [
    ['serve', 'run the server (what npm start does)'],
    ...loaded.map(({ usage, summary }) => [usage, summary]),
    ['version', 'print the version'],
    ['help', 'print this'],
  ]
  return [`Parley ${version}`, '', ...rows.map(([usage, summary]) => `  parley ${usage}\n      ${summary}`)].join('\n')
}

/** Runs one command; resolves with the exit code, or with undefined while a server keeps running. */
async function main([name = 'help', ...args]: string[]): Promise<number | undefined> {
  const print = (text: string) => void process.stdout.write(`${text}\n`)
  if (name === 'serve') {
    await import('./server.ts')
    return undefined
  }
  if (name === 'version' || name === '--version' || name === '-v') print(version)
  else if (name === 'help' || name === '--help' || name === '-h') print(await help())
  else {
    const load = commands[name]
    if (load === undefined) {
      process.stderr.write(`Unknown command: ${name}. Try: parley help\n`)
      return EXIT.usage
    }
    return (await load()).run(args, print)
  }
  return EXIT.ok
}

try {
  const code = await main(process.argv.slice(2))
  if (code !== undefined) process.exit(code)
} catch (error) {
  const { text, code } = explain(error)
  process.stderr.write(`${text}\n`)
  process.exit(code)
}
