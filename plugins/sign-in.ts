import { availableParallelism } from 'node:os'
import fp from 'fastify-plugin'
import type { GuessLimits } from '../src/accounts/guesses.ts'
import { createLetters, type Letters } from '../src/accounts/letters.ts'
import { MfaChallenge } from '../src/accounts/model-factors.ts'
import { MailMaybeSent, VerifiedEmail } from '../src/accounts/model-recovery.ts'
import { type CreateAccount, createNewAccount } from '../src/accounts/new-account.ts'
import { createOneTimeTokens, type OneTimeTokens } from '../src/accounts/one-time-tokens.ts'
import { createPasswords, type Passwords } from '../src/accounts/passwords.ts'
import { createReauthentication, type DemandPassword, type DemandRecent } from '../src/accounts/reauthentication.ts'
import { createSecondFactor, type SecondFactor } from '../src/accounts/second-factor.ts'
import { createSignIn, type SignIn } from '../src/accounts/sign-in.ts'
import { publicUrl } from '../src/config/public-url.ts'
import type { Config } from '../src/config/schema.ts'
import type { Attempts } from '../src/contracts/attempts.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** The bounded pool of password hashing. */
    passwords: Passwords
    /** Asks a signed-in user for the password again. */
    demandPassword: DemandPassword
    /** The same, or a sign-in of just now. */
    demandRecent: DemandRecent
    /** What bounds wrong passwords; undefined where limits are off. */
    guesses: GuessLimits | undefined
    /** The last steps of every way to sign in. */
    signIn: SignIn
    /** The one function by which accounts come to be. */
    createAccount: CreateAccount
    oneTimeTokens: OneTimeTokens
    letters: Letters
    secondFactor: SecondFactor
  }
}

const SWEEP_MS = 60 * 60_000

function guessesOf({ RATE_LIMIT_ENABLED, RATE_LIMIT_AUTH }: Config, attempts: Attempts): GuessLimits | undefined {
  const [max = 0, windowSeconds = 60] = RATE_LIMIT_AUTH.split('/').map(Number)
  return RATE_LIMIT_ENABLED ? { attempts, max, windowSeconds } : undefined
}

/** What every way to sign in shares: passwords, one-time tokens, the making of accounts, and the last steps before a session is opened. */
export default fp(
  async (app) => {
    for (const schema of [MfaChallenge, MailMaybeSent, VerifiedEmail]) app.addSchema(schema)
    const { config, db, sessions } = app
    const workers = config.CLUSTER_WORKERS === 'auto' ? availableParallelism() : Number(config.CLUSTER_WORKERS)
    app.decorate(
      'passwords',
      createPasswords({ memoryKiB: config.PASSWORD_MEMORY_KIB, processes: Math.max(1, workers) }),
    )
    app.decorate('guesses', guessesOf(config, app.attempts))
    const { passwords, guesses } = app
    const { demandPassword, demandRecent } = createReauthentication({ db, passwords, guesses })
    app.decorate('demandPassword', demandPassword)
    app.decorate('demandRecent', demandRecent)
    app.decorate('oneTimeTokens', createOneTimeTokens(db))
    app.decorate('secondFactor', createSecondFactor(app.sealer, app.oneTimeTokens))
    app.decorate('letters', createLetters(publicUrl(config)))
    app.decorate('createAccount', createNewAccount(db, app.workspaces.createPersonal))
    const requireVerified = config.REQUIRE_EMAIL_VERIFICATION
    app.decorate('signIn', createSignIn({ db, sessions, requireVerified, challenge: app.secondFactor.challenge }))

    const timer = setInterval(
      () => app.oneTimeTokens.sweep().catch((err) => app.log.warn({ err }, 'sweeping one-time tokens')),
      SWEEP_MS,
    ).unref()
    app.addHook('onClose', async () => clearInterval(timer))
  },
  { name: 'sign-in', dependencies: ['config', 'db', 'sealer', 'attempts', 'sessions', 'workspaces'] },
)
