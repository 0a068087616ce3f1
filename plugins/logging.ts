import fp from 'fastify-plugin'

/** One line for each finished request: who, what, how it ended, how long it took. Never a body, a header or a query. */
export default fp(
  async (app) => {
    // Its fields are fixed and hold no secret, and looking for one would cost four times the line itself.
    const lines = app.log.child({}, { redact: [] })
    app.addHook('onRequest', (request, reply, done) => {
      reply.header('x-request-id', request.id)
      done()
    })
    app.addHook('onResponse', (request, reply, done) => {
      const { url, logLevel } = request.routeOptions
      if (logLevel === 'silent') return done()
      lines[reply.statusCode >= 500 ? 'error' : 'info'](
        {
          requestId: request.id,
          method: request.method,
          route: url ?? null,
          status: reply.statusCode,
          ms: Math.round(reply.elapsedTime * 10) / 10,
          ip: request.ip,
        },
        'request',
      )
      done()
    })
  },
  { name: 'logging', dependencies: ['config'] },
)
