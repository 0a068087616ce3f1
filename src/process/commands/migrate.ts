import { loadConfig } from '../../config/load.ts'
import { openDatabase } from '../database.ts'
import { EXIT } from '../exit.ts'
import { createEarlyLog } from '../log.ts'
import type { Command } from './command.ts'

/** `parley migrate`: brings the schema up to date, for deployments that do it before they start servers. */
export const migrate: Command = {
  usage: 'migrate',
  summary: 'bring the database schema up to date (a starting server does it too)',
  async run(_args, print) {
    const database = await openDatabase(loadConfig(), createEarlyLog(), { share: true })
    try {
      const count = database.migrations
      print(
        count === 0
          ? 'The schema is up to date.'
          : `The schema is up to date: ${count} migration${count === 1 ? '' : 's'} run.`,
      )
    } finally {
      await database.stop()
    }
    return EXIT.ok
  },
}
