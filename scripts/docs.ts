// Writes what is generated from the tables in the code: .env.example and docs/reference/. `--check` writes nothing and fails when a file
// differs; the tests do the same.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { generatedFiles } from './docs/generated.ts'
import { openApiDocument } from './docs/openapi.ts'
import { sdkOperations } from './docs/sdk-operations.ts'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const check = process.argv.includes('--check')

function current(path: string): string | undefined {
  try {
    return readFileSync(join(root, path), 'utf8')
  } catch {
    return undefined
  }
}

const files = { ...(await generatedFiles()), 'sdk/operations.ts': sdkOperations(await openApiDocument()) }
for (const [path, text] of Object.entries(files)) {
  if (current(path) === text) continue
  if (check) {
    console.error(`${path} is not what the code says: run npm run docs`)
    process.exitCode = 1
  } else {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
    console.log(`wrote ${path}`)
  }
}
