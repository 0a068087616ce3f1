/** What one check found. `degraded` still serves; `down` does not. */
export type CheckStatus = 'ok' | 'degraded' | 'down'
/** Where the process stands in its life. */
export type Phase = 'starting' | 'ready' | 'draining'
/** A check answers its status, or a status with facts to show. It has two seconds. */
export type Check = () => Promise<CheckStatus | { status: CheckStatus; [fact: string]: unknown }>

const TIME_LIMIT_MS = 2000

async function limited(check: Check) {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<CheckStatus>((resolve) => {
    timer = setTimeout(() => resolve('down'), TIME_LIMIT_MS)
  })
  try {
    const found = await Promise.race([check(), late])
    return typeof found === 'string' ? { status: found } : found
  } catch {
    return { status: 'down' as const }
  } finally {
    clearTimeout(timer)
  }
}

/**
 * The register of health checks. Whoever owns a part adds its check; a critical one that is down makes the whole down and not ready,
 * another makes it degraded.
 */
export function createHealth(version: string) {
  const checks = new Map<string, { check: Check; critical: boolean }>()
  let phase: Phase = 'starting'

  return {
    add: (name: string, check: Check, critical = true) => void checks.set(name, { check, critical }),
    get phase() {
      return phase
    },
    enter: (next: Phase) => {
      phase = next
    },
    /** Runs all checks side by side. */
    async report() {
      const entries = await Promise.all(
        [...checks].map(
          async ([name, { check, critical }]) => [name, { critical, ...(await limited(check)) }] as const,
        ),
      )
      const worst = entries.some(([, found]) => found.critical && found.status === 'down')
        ? 'down'
        : entries.some(([, found]) => found.status !== 'ok')
          ? 'degraded'
          : 'ok'
      return {
        status: worst as CheckStatus,
        phase,
        checks: Object.fromEntries(entries.map(([name, { critical: _, ...found }]) => [name, found])),
        uptime: Math.round(process.uptime() * 1000) / 1000,
        version,
      }
    },
  }
}

/** See {@link createHealth}. */
export type Health = ReturnType<typeof createHealth>
