import { configText } from '../../config/describe.ts'
import { loadConfig } from '../../config/load.ts'
import { EXIT } from '../exit.ts'
import { type Command, usageError } from './command.ts'

/** `parley config check|doc`: whether the environment is a valid configuration, and what every key means. */
export const config: Command = {
  usage: 'config check|doc',
  summary: 'check: list everything that is wrong with the configuration; doc: explain every key',
  async run([action], print) {
    if (action === 'doc') print(configText())
    else if (action === 'check') {
      const { NODE_ENV, DATABASE_URL, REDIS_URL, DATA_DIR } = loadConfig()
      const database = DATABASE_URL === undefined ? `embedded PostgreSQL in ${DATA_DIR}` : 'external PostgreSQL'
      print(`The configuration is valid: ${NODE_ENV}, ${database}, ${REDIS_URL === undefined ? 'no Redis' : 'Redis'}.`)
    } else throw usageError(config, action === undefined ? 'Check or doc?' : `Unknown: config ${action}`)
    return EXIT.ok
  },
}
