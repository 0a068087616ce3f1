import fp from 'fastify-plugin'

const SWEEP_MS = 60 * 60_000

/** Sends queued mails as jobs, and sweeps old ones. */
export default fp(
  async (app) => {
    app.jobs.handle('mail.send', async ({ data }) => {
      await app.mail.deliver(data.mailId)
      return undefined
    })
    const timer = setInterval(
      () => app.mail.sweep().catch((err) => app.log.warn({ err }, 'sweeping mails')),
      SWEEP_MS,
    ).unref()
    app.addHook('onClose', async () => clearInterval(timer))
  },
  { name: 'mail-jobs', dependencies: ['mailer', 'jobs'] },
)
