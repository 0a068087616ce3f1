import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { problem } from '../contracts/errors.ts'
import { newId } from '../lib/ids.ts'
import { problemBody } from './to-problem.ts'

/** What Node's HTTP parser refuses before there is a request: answered as a problem, then closed (no request smuggling). */
export function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) {
    socket.destroy()
    return
  }
  const code =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? 'HEADERS_TOO_LARGE'
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? 'REQUEST_TIMEOUT'
        : 'BAD_REQUEST'
  const fault = problem(code)
  const requestId = newId()
  const body = JSON.stringify(problemBody(fault, '/', requestId))
  socket.end(
    `HTTP/1.1 ${fault.status} ${STATUS_CODES[fault.status]}\r\nContent-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nX-Request-Id: ${requestId}\r\nConnection: close\r\n\r\n${body}`,
  )
}
