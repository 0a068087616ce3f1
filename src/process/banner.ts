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
  // The server runs already: a database that fails just now must not end it.
  const token = await app.setup.issue().catch((err: unknown) => {
    app.log.warn({ err }, 'no link to set up: start again for one, or run `npx parley user create`')
    return undefined
  })
  if (token !== undefined) {
    lines.push(
      '  No account yet. Make the administrator with this link (once, within a day):',
      `    ${origin}/#setup=${token}`,
      '  or by command:',
      '    npx parley user create --email you@example.com --password <password> --admin',
      '',
    )
  }
  lines.push('  Stop with Ctrl-C.', '')
  return lines.join('\n')
}
