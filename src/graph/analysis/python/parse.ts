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
        const state: State = { hasError: tree.rootNode.hasError, error: undefined }
        const cursor = tree.walk()
        const module = copy(cursor, cursor.nodeType, state)
        cursor.delete()
        return { module, error: state.error }
      } finally {
        tree.delete()
      }
    },
  }
}

type Cursor = ReturnType<NonNullable<ReturnType<Parser['parse']>>['walk']>

interface State {
  /** Whether there is any error to look for. */
  hasError: boolean
  error: number | undefined
}

function copy(cursor: Cursor, type: string, state: State): PyNode {
  const node: PyNode = {
    type,
    field: cursor.currentFieldName ?? '',
    start: cursor.startIndex,
    end: cursor.endIndex,
    kids: [],
  }
  if (state.hasError && (type === 'ERROR' || cursor.nodeIsMissing)) state.error ??= node.start
  if (type !== 'identifier' && type !== 'string_content' && cursor.gotoFirstChild()) {
    do {
      const inner = cursor.nodeIsNamed ? cursor.nodeType : 'comment'
      if (inner !== 'comment') node.kids.push(copy(cursor, inner, state))
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
