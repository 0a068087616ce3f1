import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseEnv } from 'node:util'
import t from 'tap'
import { generatedFiles } from '../../scripts/docs/generated.ts'
import { ConfigSchema } from '../../src/config/schema.ts'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const read = (path: string) => readFileSync(join(root, path), 'utf8')

t.test('generated files say what the code says, and nothing else lies among them', async (t) => {
  const files = await generatedFiles()
  for (const [path, text] of Object.entries(files)) t.equal(read(path), text, `${path} (npm run docs)`)
  for (const name of readdirSync(join(root, 'docs', 'reference'))) {
    t.hasProp(files, `docs/reference/${name}`, `docs/reference/${name} is generated`)
  }
})

t.test('.env.example names every key once, with a value that is valid where it has a default', async (t) => {
  const uncommented = read('.env.example').replace(/^#([A-Z])/gm, '$1')
  const parsed = parseEnv(uncommented)
  t.same(Object.keys(parsed).sort(), Object.keys(ConfigSchema.properties).sort())
  for (const [key, property] of Object.entries(ConfigSchema.properties as Record<string, { default?: unknown }>)) {
    if (property.default !== undefined) t.equal(parsed[key], String(property.default), key)
  }
})
