import { accessSync, constants, existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const read = (path: string) => readFileSync(join(root, path), 'utf8')

type Locked = { optionalDependencies?: Record<string, string>; resolved?: string }
const locked: Record<string, Locked> = JSON.parse(read('package-lock.json')).packages

/** Whether `name`, required from the package at `path`, is in the lock file: beside it or in a folder above. */
function isLocked(path: string, name: string): boolean {
  for (let at = path; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
    if (locked[`${at === '' ? '' : `${at}/`}node_modules/${name}`]) return true
    if (at === '') return false
  }
}

t.test('the lock file holds for every platform, and names no registry', async (t) => {
  for (const [path, { optionalDependencies = {}, resolved }] of Object.entries(locked)) {
    const missing = Object.keys(optionalDependencies).filter((name) => !isLocked(path, name))
    if (missing.length > 0) t.fail(`${path} lacks ${missing.join(', ')}: npm ci would refuse`)
    if (resolved !== undefined && !path.startsWith('link:')) t.fail(`${path} names ${resolved}`)
  }
  t.ok(Object.keys(locked).length > 100)
})

t.test('the image copies what exists, runs as an ordinary user and answers health checks', async (t) => {
  const dockerfile = read('Dockerfile')
  const allowed =
    read('.dockerignore')
      .match(/^!.+$/gm)
      ?.map((line) => line.slice(1)) ?? []
  for (const [, sources = ''] of dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)) {
    for (const source of sources.split(' ')) {
      t.ok(existsSync(join(root, source)), `${source} exists`)
      t.ok(allowed.includes(source), `${source} is in the build context`)
    }
  }
  t.match(dockerfile, /^USER node$/m)
  t.match(dockerfile, /^HEALTHCHECK /m)
  t.match(dockerfile, /^CMD \["node", /m, 'exec form: signals reach the server')
})

t.test('the scripts of the contract exist', async (t) => {
  const { scripts, bin } = JSON.parse(read('package.json'))
  for (const name of ['dev', 'build', 'start', 'lint', 'test', 'db:generate', 'docs', 'bench', 'demo'])
    t.hasProp(scripts, name)
  for (const path of [bin.parley, '.ci/run']) {
    accessSync(join(root, path), constants.X_OK)
    t.pass(`${path} can be run`)
  }
  for (const [name, command] of Object.entries<string>(scripts)) {
    for (const [file] of command.matchAll(/\b(?:scripts|bench)\/[\w./-]+/g))
      t.ok(existsSync(join(root, file)), `${name}: ${file}`)
  }
})
