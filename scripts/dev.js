// Development server: restarts on every change of the server's sources and rebuilds the browser code on every change of web/ or sdk/.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const web = join(root, 'web', 'build.js')
if (existsSync(web)) await (await import(pathToFileURL(web).href)).buildWeb(join(root, 'dist', 'web'), { watch: true })

const tsx = join(root, 'node_modules', 'tsx', 'dist', 'cli.mjs')
const args = [tsx, 'watch', '--clear-screen=false', '--exclude', 'web/**', join(root, 'src', 'server.ts')]
const child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit' })
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
child.on('exit', (code) => process.exit(code ?? 0))
