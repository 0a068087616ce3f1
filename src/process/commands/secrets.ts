import { randomBytes } from 'node:crypto'
import { loadConfig } from '../../config/load.ts'
import { audit } from '../../db/audit.ts'
import { createClient } from '../../db/client.ts'
import { type ReencryptedColumn, reencrypt } from '../../db/reencrypt.ts'
import { createSealer } from '../../lib/seal.ts'
import { openDatabase } from '../database.ts'
import { EXIT } from '../exit.ts'
import { createEarlyLog } from '../log.ts'
import { type Command, usageError } from './command.ts'

/** Faulty rows that are named; the rest is counted. */
const NAMED = 10

const rows = (count: number) => `${count} ${count === 1 ? 'row' : 'rows'}`

function report(columns: ReencryptedColumn[], newest: string, print: (text: string) => void): number {
  for (const { name, changed, current, failed } of columns) {
    print(
      `${name}: ${rows(changed)} sealed anew, ${current} current${failed.length > 0 ? `, ${failed.length} FAILED` : ''}`,
    )
    for (const { key, reason } of failed.slice(0, NAMED)) print(`  ${key}: ${reason}`)
  }
  const failed = columns.reduce((sum, column) => sum + column.failed.length, 0)
  print(
    failed === 0
      ? `Everything is sealed with key ${newest}: older keys may leave ENCRYPTION_KEY.`
      : `${rows(failed)} could not be opened and were left as they are: keep the older keys in ENCRYPTION_KEY.`,
  )
  return failed === 0 ? EXIT.ok : EXIT.failed
}

async function reencryptAll(print: (text: string) => void): Promise<number> {
  const config = loadConfig()
  const database = await openDatabase(config, createEarlyLog(), { share: true })
  try {
    const { sql } = createClient({ url: database.url, max: 1, name: 'parley secrets' })
    try {
      const sealer = createSealer(config.ENCRYPTION_KEY)
      const columns = await reencrypt(sql, sealer)
      const details = Object.fromEntries(columns.map(({ name, changed, failed }) => [name, [changed, failed.length]]))
      await audit(sql, { action: 'secrets.reencrypted', details: { key: sealer.newest, columns: details } })
      return report(columns, sealer.newest, print)
    } finally {
      await sql.end({ timeout: 5 })
    }
  } finally {
    await database.stop()
  }
}

/** `parley secrets new|reencrypt`: fresh secrets to copy, and the second step of a change of ENCRYPTION_KEY. Works beside running servers. */
export const secrets: Command = {
  usage: 'secrets new|reencrypt',
  summary: 'new: print fresh secrets; reencrypt: seal every stored secret with the newest key of ENCRYPTION_KEY',
  async run([action], print) {
    if (action === 'reencrypt') return reencryptAll(print)
    if (action !== 'new')
      throw usageError(secrets, action === undefined ? 'New or reencrypt?' : `Unknown: secrets ${action}`)
    print(`JWT_SECRET=${randomBytes(48).toString('base64url')}`)
    print(`COOKIE_SECRET=${randomBytes(48).toString('base64url')}`)
    print(`ENCRYPTION_KEY=1:${randomBytes(32).toString('base64')}`)
    return EXIT.ok
  },
}
