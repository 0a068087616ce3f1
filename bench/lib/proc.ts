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

/** CPU seconds of a PostgreSQL, those of its ended backends included. Linux only. */
export function postgresCpuSeconds(pid: number): number {
  let ticks = 0
  for (const [at, one] of [pid, ...children(pid)].entries()) {
    try {
      const stat = readFileSync(`/proc/${one}/stat`, 'utf8')
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      // What it waited for is counted with the postmaster alone.
      for (const field of at === 0 ? [11, 12, 13, 14] : [11, 12]) ticks += Number(fields[field])
    } catch {
      // As above: the postmaster has it now.
    }
  }
  return ticks / clockTicks()
}

/** CPU seconds of the ended children of this process. Linux only. */
export function endedChildrenCpuSeconds(): number {
  const stat = readFileSync('/proc/self/stat', 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[13]) + Number(fields[14])) / clockTicks()
}

/** The most that a process has held in memory at any moment, in bytes. Linux only. */
export function peakResidentBytes(pid: number): number {
  return Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024
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
