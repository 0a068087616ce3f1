import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fastify } from 'fastify'
import t from 'tap'
import { register } from 'tsx/esm/api'
import auth from '../../plugins/auth.ts'
import db from '../../plugins/db.ts'
import { testApp } from '../helpers/app.ts'

interface Meta {
  name: string
  dependencies?: string[]
}

const folder = join(dirname(fileURLToPath(import.meta.url)), '../../plugins')
/** A change of the order is a change of this file, for all to see. */
const ORDER = join(import.meta.dirname, '../fixtures/plugin-order.txt')
const files = new Map<string, Meta>()
const unregister = register()
for (const file of readdirSync(folder).filter((name) => name.endsWith('.ts'))) {
  const module = (await import(join(folder, file))) as { default: { [key: symbol]: Meta } }
  const meta = module.default[Symbol.for('plugin-meta')] as Meta
  if (meta.name !== file.slice(0, -3)) throw new Error(`plugins/${file} names itself '${meta.name}'`)
  files.set(meta.name, meta)
}
await unregister()

t.test('plugins are named and stand in dependency order', async (t) => {
  const app = await testApp(t)
  const printed = app.printPlugins()
  const order = [...printed.matchAll(/^[├└]─[─┬] (\S+)/gmu)].map(([, name]) => name as string)
  const ours = order.filter((name) => files.has(name))
  t.same(new Set(ours), new Set(files.keys()), 'every file in plugins/ is registered, under its own name')
  t.same(ours, readFileSync(ORDER, 'utf8').trim().split('\n'), 'the order of the plugins')
  for (const [name, { dependencies = [] }] of files) {
    for (const dependency of dependencies) {
      if (files.has(dependency)) t.ok(ours.indexOf(dependency) < ours.indexOf(name), `${dependency} before ${name}`)
    }
  }
})

t.test('a wrong order fails at boot with a sentence', async (t) => {
  const scenarios = [
    { name: 'auth without errors', plugin: auth, missing: "'errors'" },
    { name: 'db without config', plugin: db, missing: "'config'" },
  ]
  for (const { name, plugin, missing } of scenarios) {
    const app = fastify()
    app.register(plugin as never)
    await t.rejects(Promise.resolve(app.ready()), { message: new RegExp(`dependency ${missing}`) }, name)
  }
})
