import { Ajv, type ValidateFunction } from 'ajv'
import formats from 'ajv-formats'
import { recordSchemas } from '../../scripts/docs/record-schemas.ts'
import { ackSchema } from '../../src/contracts/acks.ts'
import { EVENTS, type EventName } from '../../src/contracts/events.ts'
import { CLIENT_FRAMES, type ClientFrameType, SERVER_FRAMES, type ServerFrameType } from '../../src/contracts/frames.ts'

const schemas = Object.values(await recordSchemas())

/** Validators by name. Made-up worlds have ids that are no UUIDs: there formats are not looked at. */
function createCheck(validateFormats: boolean) {
  const ajv = new Ajv({ allErrors: true, strict: false, validateFormats })
  formats.default(ajv)
  for (const schema of schemas) ajv.addSchema(schema)
  const compiled = new Map<string, ValidateFunction>()
  return (name: string, schema: () => object, value: unknown): void => {
    const validate = compiled.get(name) ?? ajv.compile(schema())
    compiled.set(name, validate)
    if (validate(value)) return
    throw new Error(
      `${name} is not what its schema says: ${ajv.errorsText(validate.errors)} in ${JSON.stringify(value)}`,
    )
  }
}
const exact = createCheck(true)
const loose = createCheck(false)

/** What a test may say about the frames it gets. */
export interface FrameCheck {
  /** The client frame that an `ack` answers, where it is known. */
  answers?: string | undefined
  /** Whether ids and records in events are those of a server: not so in tests that make up their own. */
  records?: boolean
}

/** Holds a frame of the server against the tables: its own schema, that of the ack, and that of the event's record. Throws for one that differs. */
export function checkServerFrame(frame: Record<string, unknown>, { answers, records = true }: FrameCheck = {}): void {
  const type = frame.type as ServerFrameType
  if (!SERVER_FRAMES[type]) throw new Error(`the server sent a frame of the unknown type '${type}'`)
  const fits = records ? exact : loose
  fits(type, () => SERVER_FRAMES[type], frame)
  const asked = answers as ClientFrameType | undefined
  if (type === 'ack' && asked && records && CLIENT_FRAMES[asked]) fits(`ack of ${asked}`, () => ackSchema(asked), frame)
  if (type !== 'event' || !records) return
  const event = EVENTS[frame.name as EventName]
  if (!event) throw new Error(`the server sent the unknown event '${frame.name}'`)
  if ('frame' in event) throw new Error(`the event '${frame.name}' has a frame type of its own`)
  fits(`data of ${frame.name}`, () => ({ $ref: `${event.data}#` }), frame.data)
}
