import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

let ticksPerSecond: number | undefined

function clockTicks(): number {
  ticksPerSecond ??= Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' })) || 100
  return ticksPerSecond
}

function children(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
  } catch {
    return []
  }
}

function processName(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim()
  } catch {
    return ''
  }
}

/** The process and all its living descendants, without PostgreSQL (an own process on every target). */
export function processTree(pid: number): number[] {
  return [
    pid,
    ...children(pid)
      .filter((child) => processName(child) !== 'postgres')
      .flatMap(processTree),
  ]
}

/** CPU seconds (user + system, all threads) that the process tree has used so far. Linux only. */
export function cpuSeconds(pid: number): number {
  let ticks = 0
  for (const one of processTree(pid)) {
    try {
      const stat = readFileSync(`/proc/${one}/stat`, 'utf8')
      // The second field is the command in parentheses and may hold blanks: count from behind it.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      ticks += Number(fields[11]) + Number(fields[12])
    } catch {
      // It ended between the two reads: it has no more to add.
    }
  }
  return ticks / clockTicks()
}

/** Resident memory of the process tree in bytes. Linux only. */
export function residentBytes(pid: number): number {
  let kilobytes = 0
  for (const one of processTree(pid)) {
    try {
      kilobytes += Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${one}/status`, 'utf8'))?.[1] ?? 0)
    } catch {
      // As above.
    }
  }
  return kilobytes * 1024
}
