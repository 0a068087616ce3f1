import { createReadStream, readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { createBrotliDecompress, createGzip } from 'node:zlib'
import { extract, pack } from 'tar-stream'

/** A body of code or documents by paths. */
export type Body = Map<string, Buffer | string>

const FOLDER = join(import.meta.dirname, '../../test/fixtures/oracles')

/** The published packages that lie beside the tests, by their names. */
export const packages = (): string[] =>
  readdirSync(FOLDER).flatMap((name) => (name.endsWith('.tar.br') ? basename(name, '.tar.br') : []))

/** Files of one of them, without what the oracles said of it. */
export async function packageBody(name: string): Promise<Body> {
  const body: Body = new Map()
  const entries = createReadStream(join(FOLDER, `${name}.tar.br`))
    .pipe(createBrotliDecompress())
    .pipe(extract())
  for await (const entry of entries) {
    const parts: Buffer[] = []
    for await (const part of entry) parts.push(part as Buffer)
    if (entry.header.name !== 'oracle.json') body.set(entry.header.name.replace(/^package\//, ''), Buffer.concat(parts))
  }
  return body
}

/** The part of a body that lies below a folder. */
export const below = (body: Body, folder: string): Body =>
  new Map([...body].filter(([path]) => path.startsWith(`${folder}/`)))

/** Lines of a body. */
export function linesOf(body: Body): number {
  let lines = 0
  for (const content of body.values()) for (const character of content.toString()) if (character === '\n') lines++
  return lines
}

/** A body as a tar.gz. */
export async function archiveOf(body: Body): Promise<Buffer> {
  const tar = pack()
  for (const [name, content] of body) tar.entry({ name }, content)
  tar.finalize()
  const parts: Buffer[] = []
  for await (const part of tar.pipe(createGzip({ level: 1 }))) parts.push(part as Buffer)
  return Buffer.concat(parts)
}

/** How many modules a made body has, and how many functions each. */
export interface Size {
  modules: number
  functions: number
}

/** Functions that each function calls, and modules that each module imports. */
const CALLS = 3
const IMPORTS = 4
const HUBS = 20

/**
 * TypeScript modules that import and call each other: near ones, one from anywhere, one of a few that everybody needs. For each function there is
 * a node and five edges: 1,000 modules of 19 are 20,000 nodes and 100,000 edges.
 */
export function madeBody({ modules, functions }: Size): Body {
  const body: Body = new Map()
  const pathOf = (module: number) => `src/part${Math.floor(module / 50)}/m${module}.ts`
  let state = 1
  const below = (limit: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
    return state % limit
  }
  for (let module = 0; module < modules; module++) {
    const near = (module + modules - 1 - below(20)) % modules
    const nearer = (module + modules - 1) % modules
    const imported = [...new Set([nearer, near, below(modules), below(HUBS)])].filter((one) => one !== module)
    const used = new Map(imported.slice(0, IMPORTS).map((one) => [one, new Set<string>()]))
    const lines: string[] = []
    for (let index = 0; index < functions; index++) {
      const calls = Array.from({ length: CALLS }, () => {
        const from = imported[below(imported.length)] as number
        const name = `f${from}x${below(functions)}`
        used.get(from)?.add(name)
        return `${name}(value)`
      })
      lines.push(
        `/** Number ${index} of module ${module}. */`,
        `export function f${module}x${index}(value: number): number {`,
        `  return value + ${calls.join(' + ')}`,
        '}',
      )
    }
    const heads = [...used].map(([one, names]) => {
      const way =
        Math.floor(one / 50) === Math.floor(module / 50) ? `./m${one}.js` : `../part${Math.floor(one / 50)}/m${one}.js`
      return names.size === 0 ? `import '${way}'` : `import { ${[...names].join(', ')} } from '${way}'`
    })
    body.set(pathOf(module), `${[...heads, '', ...lines].join('\n')}\n`)
  }
  return body
}
