import { createRequire } from 'node:module'
import { Language, Parser } from 'web-tree-sitter'

/** A named node of the syntax tree, copied out of WebAssembly: walking the original costs a call per question. */
export interface PyNode {
  type: string
  /** Name of the field it stands in, '' for none. */
  field: string
  start: number
  end: number
  kids: PyNode[]
}

export interface PythonParser {
  /** @returns the module, and the offset of the first syntax error if there is one */
  parse: (text: string) => { module: PyNode; error: number | undefined }
}

/** Loads the grammar (about 30 ms, once per thread). */
export async function createPythonParser(): Promise<PythonParser> {
  await Parser.init()
  const require = createRequire(import.meta.url)
  const language = await Language.load(require.resolve('@vscode/tree-sitter-wasm/wasm/tree-sitter-python.wasm'))
  const parser = new Parser()
  parser.setLanguage(language)
  return {
    parse(text) {
      const tree = parser.parse(text)
      if (tree === null) return { module: { type: 'module', field: '', start: 0, end: 0, kids: [] }, error: 0 }
      try {
        const state: { error: number | undefined } = { error: undefined }
        const cursor = tree.walk()
        const module = copy(cursor, state)
        cursor.delete()
        return { module, error: state.error }
      } finally {
        tree.delete()
      }
    },
  }
}

type Cursor = ReturnType<NonNullable<ReturnType<Parser['parse']>>['walk']>

function copy(cursor: Cursor, state: { error: number | undefined }): PyNode {
  const node: PyNode = {
    type: cursor.nodeType,
    field: cursor.currentFieldName ?? '',
    start: cursor.startIndex,
    end: cursor.endIndex,
    kids: [],
  }
  if (node.type === 'ERROR' || cursor.nodeIsMissing) state.error ??= node.start
  if (node.type !== 'identifier' && node.type !== 'string_content' && cursor.gotoFirstChild()) {
    do {
      if (cursor.nodeIsNamed && cursor.nodeType !== 'comment') node.kids.push(copy(cursor, state))
    } while (cursor.gotoNextSibling())
    cursor.gotoParent()
  }
  return node
}

/** First child in a field. */
export function field(node: PyNode | undefined, name: string): PyNode | undefined {
  return node?.kids.find((kid) => kid.field === name)
}

/** All children in a field. */
export function fields(node: PyNode, name: string): PyNode[] {
  return node.kids.filter((kid) => kid.field === name)
}
