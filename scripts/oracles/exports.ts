import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** A node or a relation as another program reads it: all that it says of it, by name. */
export type Read = Record<string, string | number | boolean>

/** What a parser read of a text. */
export interface ReadGraph {
  nodes: Read[]
  edges: Read[]
}

/** Loads packages, or files of them, from the folder they are installed in: the parsers are no dependencies of this project. */
function loader(home: string) {
  const require = createRequire(join(home, 'package.json'))
  return async <T>(name: string): Promise<T> => {
    const path = name.endsWith('.js') ? join(home, 'node_modules', name) : require.resolve(name)
    return (await import(pathToFileURL(path).href)) as T
  }
}

/** Versions of packages in the folder they are installed in. */
export function versionsOf(home: string, names: string[]): Record<string, string> {
  const read = (name: string) => readFileSync(join(home, 'node_modules', name, 'package.json'), 'utf8')
  return Object.fromEntries(names.map((name) => [name, (JSON.parse(read(name)) as { version: string }).version]))
}

interface Vertex {
  id: string
  text: string
  classes: string[]
}
interface Arrow {
  start: string
  end: string
  text: string
  type: string
  stroke: string
}
interface MermaidModule {
  default: {
    initialize: (options: object) => void
    mermaidAPI: {
      getDiagramFromText: (text: string) => Promise<{ db: { getVertices(): Map<string, Vertex>; getEdges(): Arrow[] } }>
    }
  }
}
interface Browser {
  window: { DOMParser: unknown; Element: unknown; document: Document }
}
interface Document {
  createElement: (name: string) => { innerHTML: string; textContent: string }
}

/** Nodes and edges of a flowchart, as Mermaid's own parser has them in its database; entities read as a browser reads them. */
export async function readMermaid(text: string, home: string): Promise<ReadGraph> {
  const load = loader(home)
  const { JSDOM } = await load<{ JSDOM: new (html: string) => Browser }>('jsdom')
  const { window } = new JSDOM('<body></body>')
  const { document, DOMParser, Element } = window
  Object.assign(globalThis, { window, document, DOMParser, Element })
  const { default: mermaid } = await load<MermaidModule>('mermaid')
  mermaid.initialize({ startOnLoad: false })
  const { db } = await mermaid.mermaidAPI.getDiagramFromText(text)
  // Mermaid hides entities from its parser as `ﬂ°°34¶ß` and puts them back as HTML.
  const html = document.createElement('p')
  const label = (written: string) => {
    html.innerHTML = written.replaceAll('ﬂ°°', '&#').replaceAll('ﬂ°', '&').replaceAll('¶ß', ';')
    return html.textContent
  }
  return {
    nodes: [...db.getVertices().values()].map((vertex) => ({
      id: vertex.id,
      label: label(vertex.text),
      class: vertex.classes.join(' '),
    })),
    edges: db.getEdges().map((edge) => ({
      from: edge.start,
      to: edge.end,
      label: label(edge.text),
      stroke: edge.stroke,
      head: edge.type,
    })),
  }
}

interface Rule {
  ruleIndex?: number
  children?: Rule[] | null
  getText: () => string
}
interface Antlr {
  CharStream: { fromString: (text: string) => unknown }
  CommonTokenStream: new (lexer: unknown) => unknown
}
type Lexer = Record<'CypherCmdLexer', new (input: unknown) => unknown>
type Parser = Record<
  'CypherCmdParser',
  new (
    tokens: unknown,
  ) => { statementsOrCommands: () => Rule; ruleNames: string[]; numberOfSyntaxErrors: number }
>

const GRAMMAR = '@neo4j-cypher/language-support/dist/esm/project/language-support/src/generated-parser'

/**
 * Nodes and relations that openCypher statements make, by the tree that the parser of Neo4j's own tools reads.
 * @throws Error where it finds a mistake in the text
 */
export async function readCypher(text: string, home: string): Promise<ReadGraph> {
  const load = loader(home)
  const { CharStream, CommonTokenStream } = await load<Antlr>('antlr4ng')
  const { CypherCmdLexer } = await load<Lexer>(`${GRAMMAR}/CypherCmdLexer.js`)
  const { CypherCmdParser } = await load<Parser>(`${GRAMMAR}/CypherCmdParser.js`)
  const parser = new CypherCmdParser(new CommonTokenStream(new CypherCmdLexer(CharStream.fromString(text))))
  const tree = parser.statementsOrCommands()
  if (parser.numberOfSyntaxErrors > 0) throw new Error(`${parser.numberOfSyntaxErrors} mistakes`)

  const within = (node: Rule, rule: string): Rule[] =>
    (node.children ?? []).flatMap((inner) =>
      inner.ruleIndex !== undefined && parser.ruleNames[inner.ruleIndex] === rule ? [inner] : within(inner, rule),
    )
  const texts = (node: Rule, rule: string) => within(node, rule).map((inner) => inner.getText())
  const properties = (node: Rule): Read =>
    Object.fromEntries(
      within(node, 'map').flatMap((map) => {
        const names = texts(map, 'propertyKeyName')
        return within(map, 'expression').map((value, at) => [names[at] as string, literalOf(value.getText())])
      }),
    )
  const graph: ReadGraph = { nodes: [], edges: [] }
  for (const statement of within(tree, 'singleQuery')) {
    const [match] = within(statement, 'matchClause')
    const [merge] = within(statement, 'mergeClause') as [Rule]
    const set = Object.assign({}, ...within(statement, 'setClause').map(properties)) as Read
    const [relation] = within(merge, 'relationshipPattern')
    if (relation === undefined) {
      const labels = [...texts(merge, 'labelExpression'), ...texts(statement, 'labelType')]
      graph.nodes.push({ ...properties(merge), ...set, labels: labels.join('') })
      continue
    }
    const ends = Object.fromEntries(
      within(match as Rule, 'nodePattern').map((node) => [texts(node, 'variable')[0], properties(node).id as string]),
    )
    const [from, to] = texts(merge, 'nodePattern').map((node) => ends[node.slice(1, -1)] as string)
    const arrow = merge.getText().endsWith('>(b)')
    const kind = texts(relation, 'labelExpression').join('')
    graph.edges.push({ ...properties(relation), ...set, from: from ?? '', to: to ?? '', arrow, kind })
  }
  return graph
}

const ESCAPES: Record<string, string> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }

/** A literal of openCypher 9. */
function literalOf(written: string): string | number | boolean {
  if (/^['"]/.test(written))
    return written
      .slice(1, -1)
      .replace(/\\(?:u([0-9a-f]{4})|(.))/gi, (_all, code: string | undefined, other: string) =>
        code === undefined ? (ESCAPES[other] ?? other) : String.fromCharCode(Number.parseInt(code, 16)),
      )
  return JSON.parse(written) as number | boolean
}
