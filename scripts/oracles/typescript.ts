import { readdirSync } from 'node:fs'
import { join, relative } from 'node:path'
import ts from 'typescript'

/** A named declaration: path, line of its name, kind, name. */
export type Definition = [path: string, line: number, kind: string, name: string]

/**
 * A call whose callee is certain: file and line of the call, name of the enclosing declaration ('' at the top), file and line of the callee's
 * declaration, its name, and how it was written: by a name, with `new`, on `this`, or in any other way (or to anything but a definition).
 */
export type Call = [
  path: string,
  line: number,
  from: string,
  toPath: string,
  toLine: number,
  to: string,
  form: 'name' | 'new' | 'this' | 'other',
]

export interface CompilerOracle {
  version: string
  imports: [from: string, to: string][]
  definitions: Definition[]
  calls: Call[]
}

/** Source files below a folder that a compiler reads, as relative paths. */
export function sourceFiles(root: string): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.[cm]?[jt]sx?$/.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((path) => !path.includes('node_modules/'))
    .sort()
}

/** `customConditions` that a package's tsconfig.json asks for. */
export function customConditions(root: string): string[] {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile)
  const options = (config as { compilerOptions?: { customConditions?: string[] } } | undefined)?.compilerOptions
  return options?.customConditions ?? []
}

/** What TypeScript's own resolver, parser and checker say about the files below `root`. */
export function askTypeScript(root: string): CompilerOracle {
  const files = sourceFiles(root)
  const program = ts.createProgram(
    files.map((file) => join(root, file)),
    {
      allowJs: true,
      noEmit: true,
      module: ts.ModuleKind.Preserve,
      moduleResolution: ts.ModuleResolutionKind.Bundler,
      target: ts.ScriptTarget.ESNext,
      jsx: ts.JsxEmit.Preserve,
      allowImportingTsExtensions: true,
      experimentalDecorators: true,
      strict: true,
      types: [],
      customConditions: customConditions(root),
      maxNodeModuleJsDepth: 0,
    },
  )
  const checker = program.getTypeChecker()
  const oracle: CompilerOracle = { version: ts.version, imports: [], definitions: [], calls: [] }
  const own = new Set(files)
  const pathOf = (file: ts.SourceFile) => relative(root, file.fileName)
  for (const file of program.getSourceFiles()) {
    const path = pathOf(file)
    if (!own.has(path)) continue
    const targets = new Set<string>()
    const requests = (file as unknown as { imports: readonly ts.StringLiteralLike[] }).imports
    for (const literal of requests) {
      const mode = program.getModeForUsageLocation(file, literal)
      const options = program.getCompilerOptions()
      const found = ts.resolveModuleName(literal.text, file.fileName, options, ts.sys, undefined, undefined, mode)
      const target = found.resolvedModule && relative(root, found.resolvedModule.resolvedFileName)
      if (target !== undefined && target !== path && own.has(target)) targets.add(target)
    }
    for (const target of targets) oracle.imports.push([path, target])
    visit(file, file, '', path)
  }
  return oracle

  function visit(node: ts.Node, file: ts.SourceFile, within: string, path: string): void {
    const definition = definitionOf(node)
    let inside = within
    if (definition) {
      const [kind, name] = definition
      oracle.definitions.push([path, lineOf(file, nameNode(node)), kind, name.text])
      if (kind === 'function' || kind === 'method' || kind === 'class' || kind === 'variable') inside = name.text
    }
    if (ts.isCallExpression(node) || ts.isNewExpression(node) || ts.isTaggedTemplateExpression(node))
      addCall(node, file, inside, path)
    ts.forEachChild(node, (child) => visit(child, file, inside, path))
  }

  function addCall(
    node: ts.CallExpression | ts.NewExpression | ts.TaggedTemplateExpression,
    file: ts.SourceFile,
    from: string,
    path: string,
  ): void {
    let callee: ts.Expression = ts.isTaggedTemplateExpression(node) ? node.tag : node.expression
    while (ts.isParenthesizedExpression(callee) || ts.isNonNullExpression(callee)) callee = callee.expression
    const form = ts.isNewExpression(node)
      ? 'new'
      : ts.isIdentifier(callee) && !ts.isTaggedTemplateExpression(node)
        ? 'name'
        : ts.isPropertyAccessExpression(callee) && callee.expression.kind === ts.SyntaxKind.ThisKeyword
          ? 'this'
          : 'other'
    if (callee.kind === ts.SyntaxKind.SuperKeyword || callee.kind === ts.SyntaxKind.ImportKeyword) return
    let symbol = checker.getSymbolAtLocation(ts.isPropertyAccessExpression(callee) ? callee.name : callee)
    if (symbol && (symbol.flags & ts.SymbolFlags.Alias) !== 0) symbol = checker.getAliasedSymbol(symbol)
    const line = lineOf(file, node)
    const runs = checker.getResolvedSignature(node)?.declaration
    const implementation = runs && (ts.isConstructorDeclaration(runs) ? runs.parent : runs)
    const declared = new Set<ts.Node>([...(symbol?.declarations ?? []), ...(implementation ? [implementation] : [])])
    for (const declaration of declared) {
      const target = declaration.getSourceFile()
      const toPath = pathOf(target)
      if (!own.has(toPath)) continue
      const found = definitionOf(declaration)
      const certain = found !== undefined && symbol?.declarations?.includes(declaration as ts.Declaration)
      const to = found?.[1].text ?? symbol?.name ?? ''
      oracle.calls.push([path, line, from, toPath, lineOf(target, nameNode(declaration)), to, certain ? form : 'other'])
    }
  }
}

function lineOf(file: ts.SourceFile, node: ts.Node): number {
  return file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1
}

function nameNode(node: ts.Node): ts.Node {
  return (node as ts.NamedDeclaration).name ?? node
}

/** Kind and name of a declaration that should be a node of the graph. */
function definitionOf(node: ts.Node): [kind: string, name: { text: string }] | undefined {
  const name = (node as ts.NamedDeclaration).name
  const text =
    name && (ts.isIdentifier(name) || ts.isPrivateIdentifier(name) || ts.isStringLiteral(name)) ? name : undefined
  if (text === undefined) return undefined
  if (ts.isFunctionDeclaration(node)) return ['function', text]
  if (ts.isClassDeclaration(node)) return ['class', text]
  if (ts.isInterfaceDeclaration(node)) return ['interface', text]
  if (ts.isTypeAliasDeclaration(node)) return ['type', text]
  if (ts.isEnumDeclaration(node)) return ['enum', text]
  if (ts.isMethodDeclaration(node) || ts.isAccessor(node))
    return ts.isClassLike(node.parent) && ts.isClassDeclaration(node.parent) ? ['method', text] : undefined
  if (ts.isVariableDeclaration(node)) return variableOf(node, text)
  return undefined
}

function variableOf(node: ts.VariableDeclaration, name: { text: string }): [string, { text: string }] | undefined {
  let value = node.initializer
  while (value && (ts.isParenthesizedExpression(value) || ts.isAsExpression(value) || ts.isSatisfiesExpression(value)))
    value = value.expression
  if (value && (ts.isArrowFunction(value) || ts.isFunctionExpression(value))) return ['function', name]
  if (value && ts.isClassExpression(value)) return ['class', name]
  const statement = node.parent.parent
  if (!ts.isVariableStatement(statement) || !ts.isSourceFile(statement.parent)) return undefined
  const exported = statement.modifiers?.some((modifier) => modifier.kind === ts.SyntaxKind.ExportKeyword)
  return exported ? ['variable', name] : undefined
}
