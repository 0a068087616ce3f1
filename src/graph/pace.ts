import type { JobPace } from '../contracts/jobs.ts'
import type { Progress } from './analysis/types.ts'

/** Phases of an analysis as people see them, with the share of the whole that each takes. */
const PHASES: Record<Progress['phase'] | 'unpack' | 'store', { label: string; from: number; to: number }> = {
  unpack: { label: 'unpacking', from: 0, to: 0.08 },
  compare: { label: 'comparing', from: 0.08, to: 0.1 },
  read: { label: 'parsing', from: 0.1, to: 0.5 },
  // What is linked is written at the same time.
  link: { label: 'linking', from: 0.5, to: 0.95 },
  done: { label: 'linking', from: 0.95, to: 0.95 },
  store: { label: 'storing', from: 0.95, to: 1 },
}

/** The name of a phase. */
export type PhaseName = keyof typeof PHASES

/** Too early to say how fast it is. */
const SETTLE_MS = 300

/**
 * Turns what an analysis tells into the progress of its job: how far it is as a whole, and what it does, how fast, and how long it may still take (by
 * how long it took so far), in words and in numbers.
 */
export function createPace(
  report: (value: number, phase: string, pace?: JobPace) => void,
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
    const pace: JobPace = { done, total }
    if (now - since > SETTLE_MS) pace.perSecond = Math.round((done * 1000) / (now - since))
    if (value > 0.05 && now - began > SETTLE_MS)
      pace.secondsLeft = Math.round(((now - began) * (1 - value)) / value / 100) / 10
    // Uploads and steps of storing are no files: they have no pace worth telling.
    if (total <= 1) delete pace.perSecond
    report(value, wordsOf(label, pace), total > 1 ? pace : undefined)
  }
}

function wordsOf(label: string, { done, total, perSecond, secondsLeft }: JobPace): string {
  const words = [label]
  if (total > 1) words.push(`${done} of ${total} files`)
  if (perSecond !== undefined) words.push(`${perSecond} files/s`)
  if (secondsLeft !== undefined) words.push(`about ${Math.max(1, Math.round(secondsLeft))} s left`)
  return words.join(', ')
}
