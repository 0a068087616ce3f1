import { parseArgs } from 'node:util'
import { RegisterBody } from '../../accounts/model.ts'
import { loadConfig } from '../../config/load.ts'
import type { Problem } from '../../contracts/errors.ts'
import { TIERS, type Tier } from '../../contracts/policy.ts'
import { buildValidator, fieldErrors } from '../../http/validation.ts'
import { openDatabase } from '../database.ts'
import { EXIT, OperatorError } from '../exit.ts'
import { createEarlyLog } from '../log.ts'
import { type Command, usageError } from './command.ts'

const options = {
  email: { type: 'string' },
  password: { type: 'string' },
  name: { type: 'string' },
  tier: { type: 'string' },
  admin: { type: 'boolean', default: false },
} as const

type NewUser = RegisterBody & { role: 'user' | 'admin'; tier: Tier }

function readArgs(args: string[]) {
  try {
    return parseArgs({ args, options, allowPositionals: true, strict: true })
  } catch (error) {
    throw usageError(user, (error as Error).message)
  }
}

function parse(args: string[]): NewUser {
  const { values, positionals } = readArgs(args)
  if (positionals[0] !== 'create' || positionals.length > 1) throw usageError(user, 'Only `user create` exists.')
  const { email, password, name, admin, tier = 'free' } = values
  const body = { email, password, ...(name === undefined ? {} : { name }) }
  const validate = buildValidator({})({
    schema: RegisterBody,
    httpPart: 'body',
    method: 'POST',
    url: '',
  }) as unknown as {
    (value: unknown): boolean
    errors?: Parameters<typeof fieldErrors>[0]
  }
  if (!validate(body)) {
    const [first] = fieldErrors(validate.errors ?? [], '')
    throw usageError(user, `--${first?.path.slice(1)} ${first?.message}`)
  }
  if (!TIERS.includes(tier as Tier)) throw usageError(user, `--tier is one of ${TIERS.join(', ')}`)
  return { ...(body as RegisterBody), role: admin ? 'admin' : 'user', tier: tier as Tier }
}

/** `parley user create`: an account made by whoever may run commands on the server, with a role and a tier. Works beside a running server. */
export const user: Command = {
  usage: `user create --email E --password P [--name N] [--admin] [--tier ${TIERS.join('|')}]`,
  summary: 'make an account, also an administrator',
  async run(args, print) {
    const input = parse(args)
    const config = loadConfig()
    const database = await openDatabase(config, createEarlyLog(), { share: true })
    try {
      const { buildApp } = await import('../../app.ts')
      const app = await buildApp({ config: { ...config, LOG_LEVEL: 'silent', ROLE: 'api' }, databaseUrl: database.url })
      try {
        const made = await app.accounts.provision(input)
        print(`Made ${made.role === 'admin' ? 'the administrator' : 'the user'} ${made.email} (${made.tier}).`)
      } catch (error) {
        if ((error as Problem).code === 'EMAIL_TAKEN')
          throw new OperatorError('There is an account with this email already.', EXIT.failed)
        throw error
      } finally {
        await app.close()
      }
    } finally {
      await database.stop()
    }
    return EXIT.ok
  },
}
