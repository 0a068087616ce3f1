import type { EmbeddedLog } from '../db/embedded/index.ts'

type Level = keyof EmbeddedLog
type Line = [Level, object, string]

/** A log for the time before the app and its logger exist: keeps the lines until {@link EarlyLog.attach} tells where they go. */
export type EarlyLog = EmbeddedLog & { attach(log: EmbeddedLog): void }

/** See {@link EarlyLog}. */
export function createEarlyLog(): EarlyLog {
  let kept: Line[] = []
  let target: EmbeddedLog | undefined
  const write =
    (level: Level) =>
    (fields: object, message: string): void => {
      if (target) target[level](fields, message)
      else kept.push([level, fields, message])
    }
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    attach(log) {
      target = log
      for (const [level, fields, message] of kept) log[level](fields, message)
      kept = []
    },
  }
}
