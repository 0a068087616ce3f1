import type { RunningServer } from './start.ts'

/** The lines for the person who started the server: where to look, and on the first run how to make an account. Not in production. */
export async function banner({ app, origin }: RunningServer): Promise<string> {
  const socket = origin.replace(/^http/, 'ws')
  const lines = [
    '',
    `  Parley is ready at ${origin}`,
    '',
    `  Web page     ${origin}/`,
    `  API docs     ${origin}/docs`,
    `  WebSocket    ${socket}/ws`,
    `  Health       ${origin}/health`,
    '',
  ]
  if (await isFirstRun(app)) {
    lines.push(
      '  No account yet: sign up on the web page, or make an administrator:',
      '    npx parley user create --email you@example.com --password <password> --admin',
      '',
    )
  }
  lines.push('  Stop with Ctrl-C.', '')
  return lines.join('\n')
}

async function isFirstRun(app: RunningServer['app']): Promise<boolean> {
  const [row] = await app.db.sql<{ found: boolean }[]>`select exists (select 1 from users) as found`
  return row?.found === false
}
