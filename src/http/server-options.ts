import { readFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { type FastifyReply, type FastifyRequest, type FastifyServerOptions, LogController } from 'fastify'
import type { DestinationStream } from 'pino'
import type { Config } from '../config/schema.ts'
import { newId } from '../lib/ids.ts'
import { createLogger } from '../logging/logger.ts'
import { answerProblem } from './answer.ts'
import { answerClientError } from './client-error.ts'
import { compilersFactory, type SchemaMode } from './lazy-schemas.ts'
import { toProblem } from './to-problem.ts'

const MAX_HEADERS = 16 * 1024
const MAX_BODY = 1024 * 1024
/** Characters that a request id from outside may have; anything else gets an id of our own (log injection). */
const ACCEPTABLE_ID = /^[\w.:/+=@-]{1,128}$/

function requestId(request: IncomingMessage): string {
  const given = request.headers['x-request-id']
  return typeof given === 'string' && ACCEPTABLE_ID.test(given) ? given : newId()
}

/**
 * Whom to believe X-Forwarded-*. A number of hops is turned into a function: given the number itself, Fastify 5.12 trusts nobody, because it
 * cannot know that the direct peer is a proxy. The operator does, by setting it.
 */
function trustProxy(value: string): boolean | string[] | ((address: string, hop: number) => boolean) {
  if (value === 'true' || value === 'false') return value === 'true'
  if (/^\d+$/.test(value)) return (_address, hop) => hop < Number(value)
  return value.split(',').map((part) => part.trim())
}

const tls = ({ TLS_CERT_FILE, TLS_KEY_FILE }: Config) =>
  TLS_CERT_FILE === undefined || TLS_KEY_FILE === undefined
    ? {}
    : { https: { cert: readFileSync(TLS_CERT_FILE), key: readFileSync(TLS_KEY_FILE), minVersion: 'TLSv1.2' as const } }

/** Limits, time-outs, request ids, logger and validators of the HTTP server. */
export function serverOptions(
  config: Config,
  destination?: DestinationStream,
  schemas: SchemaMode = 'at-first-use',
): FastifyServerOptions {
  return {
    loggerInstance: createLogger(config, destination),
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    genReqId: requestId as never,
    trustProxy: trustProxy(config.TRUST_PROXY),
    bodyLimit: MAX_BODY,
    connectionTimeout: 0,
    // Bodies have a time limit of their own: plugins/bodies.ts.
    requestTimeout: 0,
    keepAliveTimeout: 72_000,
    http: { maxHeaderSize: MAX_HEADERS, headersTimeout: 30_000, connectionsCheckingInterval: 5_000 },
    ...tls(config),
    routerOptions: { maxParamLength: 512 },
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    frameworkErrors: ((error: unknown, request: FastifyRequest, reply: FastifyReply) => {
      reply.header('x-request-id', request.id)
      return answerProblem(toProblem(error), request, reply)
    }) as never,
    clientErrorHandler: answerClientError as never,
    schemaController: { compilersFactory: compilersFactory(schemas) as never },
  } as unknown as FastifyServerOptions
}
