import type { Progress } from './analysis/types.ts'

/** Phases of an analysis as people see them, with the share of the whole that each takes. */
const PHASES: Record<Progress['phase'] | 'unpack' | 'store', { label: string; from: number; to: number }> = {
  unpack: { label: 'unpacking', from: 0, to: 0.15 },
  compare: { label: 'comparing', from: 0.15, to: 0.2 },
  read: { label: 'parsing', from: 0.2, to: 0.6 },
  link: { label: 'linking', from: 0.6, to: 0.75 },
  done: { label: 'linking', from: 0.75, to: 0.75 },
  store: { label: 'storing', from: 0.75, to: 1 },
}

/** The name of a phase. */
export type PhaseName = keyof typeof PHASES

/** Too early to say how fast it is. */
const SETTLE_MS = 300

/**
 * Turns what an analysis tells into the progress of its job: how far it is as a whole, and in words what it does, how fast, and how long it
 * may still take (by how long it took so far).
 */
export function createPace(
  report: (value: number, phase: string) => void,
  clock: () => number = () => performance.now(),
) {
  const began = clock()
  let phase: PhaseName | undefined
  let since = began

  return (name: PhaseName, done: number, total: number): void => {
    const now = clock()
    if (name !== phase) since = now
    phase = name
    const { label, from, to } = PHASES[name]
    const share = total === 0 ? 1 : done / total
    const value = from + (to - from) * share
    const words = [label]
    if (total > 1) words.push(`${done} of ${total} files`)
    if (total > 1 && now - since > SETTLE_MS) words.push(`${Math.round((done * 1000) / (now - since))} files/s`)
    if (value > 0.05 && now - began > SETTLE_MS) {
      words.push(`about ${Math.max(1, Math.round(((now - began) * (1 - value)) / value / 1000))} s left`)
    }
    report(value, words.join(', '))
  }
}
