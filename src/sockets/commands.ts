import { Ajv, type ValidateFunction } from 'ajv'
import formats from 'ajv-formats'
import type { TSchema } from 'typebox'
import { type FieldError, Problem, problem } from '../contracts/errors.ts'
import { FRAME_DECLARATIONS, type SocketDeclaration } from '../contracts/frames.ts'
import type { LimitGroup } from '../contracts/http.ts'
import { demandScope, type Scope } from '../contracts/policy.ts'
import { SUSPECT_ESCAPE, unstorable } from '../lib/storable.ts'
import type { Connection } from './connection.ts'
import { throttle } from './throttle.ts'
import type { Allowance, CommandSpec, HubLimits } from './types.ts'

/** How deep a frame with suspicious escapes may be nested. */
const MAX_DEPTH = 64

/** How many times the commands in flight may be exceeded by frames that had arrived before the socket was paused. */
const OVERRUN = 32

interface Command extends CommandSpec<never> {
  open: boolean
  /** What an API key needs for it. */
  scope: Scope | undefined
  limit: LimitGroup | undefined
  validate: ValidateFunction | undefined
}

/** What the dispatcher needs. */
export interface CommandsOptions {
  limits: HubLimits
  allowance: (connection: Connection) => Allowance
  /** Takes a token from the bucket of an operation: undefined, or the seconds until there is one. */
  spend: (connection: Connection, group: LimitGroup, now: number) => number | undefined
  now: () => number
  send: (connection: Connection, frame: object) => void
  /** Any error as clients are told of it, the same as over REST. */
  toProblem: (error: unknown) => Problem
  /** A command failed with something that is not a Problem. */
  onError: (error: unknown) => void
  onThrottled: (connection: Connection) => void
}

/**
 * The registry of frame types and the way of a frame: parse, throttle, validate, run, answer. A frame with an id gets exactly one
 * ack or error. Nothing a client sends closes its connection here but persistent disregard of the throttle.
 */
export function createCommands({
  limits,
  toProblem,
  allowance,
  spend,
  now,
  send,
  onError,
  onThrottled,
}: CommandsOptions) {
  const commands = new Map<string, Command>()
  const counters = { frames: 0, refused: 0, throttled: 0 }
  // Compiled at first use: a start pays for none. Ajv checks a frame in 0.09 us, TypeBox's own compiler in 0.12.
  const ajv = new Ajv({ allErrors: false, strict: false })
  formats.default(ajv)

  function validate(command: Command, frame: unknown): void {
    command.validate ??= ajv.compile(command.schema as TSchema)
    if (command.validate(frame)) return
    const errors: FieldError[] = (command.validate.errors ?? []).map(({ instancePath, message, params }) => ({
      path: `${instancePath}${params.additionalProperty ? `/${params.additionalProperty}` : ''}` || '/',
      message: message ?? 'is not valid',
    }))
    throw problem('VALIDATION_FAILED', { detail: `The frame does not match its schema`, errors })
  }

  function refuse(connection: Connection, id: number | undefined, error: unknown): void {
    counters.refused += 1
    const { code, detail, retryAfter, errors } = toProblem(error)
    if (!(error instanceof Problem)) onError(error)
    send(connection, { type: 'error', id, code, message: detail, retryAfter, errors })
  }

  async function run(connection: Connection, command: Command, frame: { id?: number }): Promise<void> {
    try {
      const actor = connection.identity?.actor
      if (!actor && !command.open) throw problem('UNAUTHENTICATED', { detail: 'Send an auth frame first' })
      if (actor && command.scope !== undefined) demandScope(actor, command.scope)
      const result = await command.handler(actor as never, frame as never, connection)
      if (frame.id !== undefined) send(connection, { ...result, type: 'ack', id: frame.id })
    } catch (error) {
      refuse(connection, frame.id, error)
    } finally {
      connection.inFlight -= 1
      if (connection.inFlight <= limits.commandsInFlight / 2 && connection.socket.isPaused) connection.socket.resume()
    }
  }

  function enqueue(connection: Connection, command: Command, frame: { id?: number }): void {
    connection.inFlight += 1
    // A client that is quicker than its commands is read more slowly; only what was under way already can still come in.
    if (connection.inFlight >= limits.commandsInFlight) connection.socket.pause()
    const lane = command.lane?.(frame as never)
    if (lane === undefined) {
      void run(connection, command, frame)
      return
    }
    connection.lanes ??= new Map()
    const { lanes } = connection
    const before = lanes.get(lane)
    const own = before ? before.then(() => run(connection, command, frame)) : run(connection, command, frame)
    lanes.set(lane, own)
    void own.finally(() => {
      if (lanes.get(lane) === own) lanes.delete(lane)
    })
  }

  function accept(connection: Connection, frame: unknown, suspect = false): void {
    counters.frames += 1
    const given = typeof frame === 'object' && frame !== null && !Array.isArray(frame) ? frame : undefined
    const { id, type } = (given ?? {}) as { id?: unknown; type?: unknown }
    const known = typeof id === 'number' && Number.isSafeInteger(id) && id >= 0 ? id : undefined
    try {
      const limited = throttle(connection, allowance(connection), now())
      if (limited) {
        counters.throttled += 1
        if (limited.close) onThrottled(connection)
        throw problem('RATE_LIMITED', { detail: 'Too many frames', retryAfter: limited.retryAfter })
      }
      if (!given) throw problem('BAD_REQUEST', { detail: 'A frame is a JSON object' })
      if (typeof type !== 'string') throw problem('BAD_REQUEST', { detail: 'A frame has a type' })
      if (suspect && unstorable(given, MAX_DEPTH) !== undefined) {
        throw problem('BAD_REQUEST', {
          detail: 'The frame holds a NUL character, half a surrogate pair, or is too deep',
        })
      }
      const command = commands.get(type)
      if (!command) throw problem('BAD_REQUEST', { detail: 'No such frame type' })
      validate(command, given)
      const wait = command.limit && spend(connection, command.limit, now())
      if (wait !== undefined) {
        counters.throttled += 1
        throw problem('RATE_LIMITED', { detail: `Too many frames '${type}'`, retryAfter: wait })
      }
      if (connection.inFlight >= OVERRUN * limits.commandsInFlight) {
        throw problem('RATE_LIMITED', { detail: 'Too many frames are being handled', retryAfter: 1 })
      }
      enqueue(connection, command, given)
    } catch (error) {
      refuse(connection, known, error)
    }
  }

  return {
    counters,
    types: () => [...commands.keys()],
    /**
     * Adds a frame type. `open` ones may be sent before authentication. Throws for a type that exists already.
     */
    register<Frame>(type: string, spec: CommandSpec<Frame>, open = false): void {
      if (commands.has(type)) throw new Error(`the frame type '${type}' is registered twice`)
      const { scope, limit } = (FRAME_DECLARATIONS as Record<string, SocketDeclaration>)[type] ?? {}
      commands.set(type, { ...(spec as CommandSpec<never>), open, scope, limit, validate: undefined })
    },

    /** Handles one message of a client: a frame or an array of frames. */
    receive(connection: Connection, text: string): void {
      let parsed: unknown
      try {
        parsed = JSON.parse(text)
      } catch {
        accept(connection, undefined)
        return
      }
      const suspect = SUSPECT_ESCAPE.test(text)
      if (!Array.isArray(parsed)) accept(connection, parsed, suspect)
      else if (parsed.length > limits.framesPerArray) {
        refuse(
          connection,
          undefined,
          problem('BAD_REQUEST', { detail: `At most ${limits.framesPerArray} frames at once` }),
        )
      } else {
        for (const frame of parsed) if (connection.closing === undefined) accept(connection, frame, suspect)
      }
    },

    /** Counts a message that is not for this registry. False: it was one too many. */
    heard(connection: Connection): boolean {
      counters.frames += 1
      if (throttle(connection, allowance(connection), now()) === undefined) return true
      counters.throttled += 1
      onThrottled(connection)
      return false
    },

    /** Answers what came without an id: something that is no frame at all, or a token beside the frames. */
    refuse: (connection: Connection, error: unknown) => refuse(connection, undefined, error),
  }
}

/** See {@link createCommands}. */
export type Commands = ReturnType<typeof createCommands>
