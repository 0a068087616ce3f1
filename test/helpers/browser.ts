import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { type Browser, chromium } from 'playwright-core'
import type { Test } from 'tap'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
]

/** A Chromium to test with: CHROMIUM_PATH, or one on PATH; undefined where there is none. */
export function findChromium(): string | undefined {
  const given = process.env.CHROMIUM_PATH
  if (given) return given
  const folders = ['/usr/bin', ...(process.env.PATH ?? '').split(delimiter)]
  return folders.flatMap((folder) => NAMES.map((name) => join(folder, name))).find((path) => existsSync(path))
}

/**
 * Runs a test in a headless Chromium. Where there is none it is skipped by name; with REQUIRE_SERVICES=1 it fails instead.
 */
export function browserTest(
  t: Test,
  name: string,
  body: (t: Test, browser: Browser) => Promise<void>,
): Promise<unknown> {
  const executablePath = findChromium()
  const skip = executablePath || process.env.REQUIRE_SERVICES === '1' ? false : 'no Chromium here (CHROMIUM_PATH)'
  return t.test(name, { skip, timeout: 120_000 }, async (t) => {
    if (!executablePath)
      throw new Error('REQUIRE_SERVICES=1, and there is no Chromium: install it or set CHROMIUM_PATH')
    const browser = await chromium.launch({ executablePath, args: FLAGS })
    t.teardown(() => browser.close())
    await body(t, browser)
  })
}
