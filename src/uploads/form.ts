import { problem } from '../contracts/errors.ts'
import { isId } from '../lib/ids.ts'
import { brokenOff, type FormPart } from './receive.ts'

/**
 * Reads the parts of a form one after the other, turning whatever its parser fails with into a problem. Errors of
 * whoever consumes the parts are not touched.
 */
export async function* readForm(parts: AsyncIterable<FormPart>): AsyncGenerator<FormPart> {
  const iterator = parts[Symbol.asyncIterator]()
  try {
    for (;;) {
      const { done, value } = await iterator.next().catch((cause) => {
        throw brokenOff(cause)
      })
      if (done) return
      yield value
    }
  } finally {
    await iterator.return?.()
  }
}

/** The fields an upload form may have. */
export function readField(fields: Record<string, string>, name: string, value: unknown, afterFile: boolean): void {
  const refuse = (message: string) =>
    problem('VALIDATION_FAILED', { detail: 'See errors for each fault', errors: [{ path: `body/${name}`, message }] })
  if (name !== 'workspaceId') throw refuse('is not a field of this form: workspaceId and files are')
  if (afterFile) throw refuse('must come before the first file')
  if (typeof value !== 'string' || !isId(value)) throw refuse('must match format "uuid"')
  fields[name] = value
}
