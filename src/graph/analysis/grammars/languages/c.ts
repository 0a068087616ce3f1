import type { Node } from 'web-tree-sitter'
import type { DeclaredName, ImportItem, Spec } from '../spec.ts'
import { declared, isMember, isOpen, tagOf } from './c-declarators.ts'

/** `"x.h"` is looked for beside the file first (level 1), `<x.h>` is not. */
function include(node: Node): ImportItem[] {
  const written = node.childForFieldName('path')?.text ?? ''
  if (!/^["<]/.test(written)) return []
  return [{ request: written.slice(1, -1), level: written.startsWith('"') ? 1 : 0 }]
}

const STATEMENTS = new Set(['if', 'for', 'while', 'switch', 'return', 'catch', 'do', 'else', 'sizeof', 'defined'])

/** Functions and types wherever they are, variables and declared functions outside of functions, declared methods in classes. */
function definedName(declarator: Node, definition: Node): DeclaredName | undefined {
  const found = declared(declarator)
  // Where macros confuse the parser, statements look like functions.
  if (found === undefined || STATEMENTS.has(found.name)) return undefined
  switch (definition.type) {
    case 'class_specifier':
    case 'struct_specifier':
      return { ...found, kind: 'class' }
    case 'function_definition': {
      // `inline A::operator bool()` is read as a function `bool` that returns an `A::operator`.
      const owner = /^(.*)::\s*operator$/s.exec(definition.childForFieldName('type')?.text ?? '')?.[1]
      if (owner !== undefined) return { ...found, name: `operator ${found.name}`, owner: [owner], kind: 'function' }
      return { ...found, kind: 'function' }
    }
    case 'type_definition': {
      const type = definition.childForFieldName('type')
      if (tagOf(definition) === found.name && type?.childForFieldName('body')) return undefined
      const isWhole = found.at.id === declarator.id && type?.childForFieldName('body')
      return { ...found, kind: isWhole && type ? (type.type === 'enum_specifier' ? 'enum' : 'class') : 'type' }
    }
    case 'field_declaration':
      return found.kind === 'function' ? { ...found, kind: 'method', isDeclaration: true } : undefined
    default:
      if (found.kind === 'function' && found.at.text === found.name && isMember(definition))
        return { ...found, kind: 'method', isDeclaration: true }
      if (!isOpen(definition)) return undefined
      return found.kind === 'function' ? { ...found, isDeclaration: true } : found
  }
}

const variables = (name: string) => `[
  ${name} (pointer_declarator declarator: ${name}) (reference_declarator ${name})
  (init_declarator declarator: ${name}) (init_declarator declarator: (pointer_declarator declarator: ${name}))
  (init_declarator declarator: (reference_declarator ${name}))]`

/** Macros between `class` and a name (`class API Name {`). */
const BEFORE_NAME = /\b(class|struct)(\s+)([A-Z][A-Z0-9_]+(?:\([^()\n]*\))?)(?=\s+[A-Za-z_]\w*(?:\s+final)?\s*[:{])/g
/** Macros between the parameters of a function and its body or end (`() NOEXCEPT {`); with arguments only those that are no calls. */
const BEFORE_BODY =
  /(\)(?:\s*const)?)((?:\s*(?:\b__(?:nonnull|attr\w*)\s*\((?:[^()\n]|\([^()\n]*\))*\)|\b(?:[A-Z][A-Z0-9_]{2,}|__[a-zA-Z]\w*)\b(?!\s*\()))+)(?=\s*(?:[{;:]|=\s*(?:0|default|delete)\b))/g
/** Macros between the type of a function and its name (`int CALLBACK run(`). */
const BEFORE_FUNCTION =
  /(\b(?!(?:static|extern|inline|const|volatile|unsigned|signed|struct|enum|union|return|else|new|case|goto|virtual|define|defined|undef|if|elif)\b)[A-Za-z_]\w*(?:\s+|\s*\*+\s*))([A-Z][A-Z0-9_]{3,})(?=\s+[A-Za-z_]\w*\s*\()/g
/** The same in pointers to functions (`(CALLBACK *handler)(`). */
const BEFORE_POINTER = /(\([ \t]*)([A-Z][A-Z0-9_]{3,})(?=\s*\*\s*\w+\s*\)\s*\()/g
/** Macros that stand for whole declarations, on a line of their own (`DECLARE_STACK_OF(X)`). */
const ALONE = /^[A-Z][A-Z0-9_]+[ \t]*\([^()\n]*\)[ \t]*$(?!\s*[{:])/gm

/** Without macros that the grammar takes for types, names and halves of declarations. */
function withoutMacros(text: string): string {
  const blank = (macro: string) => macro.replace(/[^\n]/g, ' ')
  return text
    .replace(BEFORE_NAME, (_, word: string, space: string, macro: string) => word + space + blank(macro))
    .replace(BEFORE_BODY, (_, before: string, macros: string) => before + blank(macros))
    .replace(BEFORE_FUNCTION, (_, before: string, macro: string) => before + blank(macro))
    .replace(BEFORE_POINTER, (_, before: string, macro: string) => before + blank(macro))
    .replace(ALONE, blank)
}

/** The first branch of each condition of the preprocessor: others may hold another half of the same function. */
function firstBranches(text: string): string {
  const open: boolean[] = []
  return text.replace(/^.*$/gm, (line) => {
    const word = /^[ \t]*#[ \t]*(\w+)/.exec(line)?.[1] ?? ''
    const isCondition = /^(?:if|ifdef|ifndef|elif|elifdef|else|endif)$/.test(word)
    if (word.startsWith('if')) open.push(true)
    else if (word === 'endif') open.pop()
    else if (isCondition) open.splice(-1, 1, false)
    return isCondition || open.includes(false) ? ' '.repeat(line.length) : line
  })
}

/** C and C++, both by the C++ grammar (ISO C++, [basic.lookup]). What macros make is not seen. */
export const c: Spec = {
  grammar: 'cpp',
  prepare: withoutMacros,
  simplify: firstBranches,
  separator: /::|->|\./,
  self: ['this'],
  bareFields: true,
  exported: (_name, head) => !/^(?:inline\s+)?static\b/.test(head),
  isStatic: (head) => /^static\b/.test(head),
  imports: include,
  declared: definedName,
  query: `
    (preproc_include) @import
    (namespace_definition name: (_) @name body: (_) @body) @namespace
    (struct_specifier name: (type_identifier) @name body: (_) @body) @class
    (class_specifier name: (type_identifier) @name body: (_) @body) @class
    (union_specifier name: (type_identifier) @name body: (_) @body) @class
    (struct_specifier name: (template_type name: (type_identifier) @name) body: (_) @body) @class
    (class_specifier name: (template_type name: (type_identifier) @name) body: (_) @body) @class
    (enum_specifier name: (type_identifier) @name body: (_) @body) @enum
    (struct_specifier name: (qualified_identifier) @declarator body: (_) @body) @class
    (class_specifier name: (qualified_identifier) @declarator body: (_) @body) @class
    (type_definition declarator: (_) @declarator) @type
    (alias_declaration name: (type_identifier) @name) @type
    (function_definition declarator: (_) @declarator body: (_)? @body) @function
    (declaration declarator: (_) @declarator) @variable
    (field_declaration declarator: (_) @declarator) @method
    (preproc_def name: (identifier) @name value: (_)) @variable
    (preproc_function_def name: (identifier) @name) @function
    (base_class_clause [(type_identifier) (qualified_identifier) (template_type)] @extends)
    (parameter_declaration type: (_) @localtype declarator: ${variables('(identifier) @local')})
    (declaration type: (_) @localtype declarator: ${variables('(identifier) @local')})
    (field_declaration type: (_) @localtype declarator: [(field_identifier) @local (pointer_declarator declarator: (field_identifier) @local)])
    [(compound_statement) (for_statement) (for_range_loop) (lambda_expression) (catch_clause)] @scope
    (call_expression function: [(identifier) (qualified_identifier) (field_expression) (template_function)] @callee) @call
    (new_expression type: (_) @callee) @new
    (parameter_declaration type: [(type_identifier) (qualified_identifier) (struct_specifier)] @typeref)
    (field_declaration type: [(type_identifier) (qualified_identifier)] @typeref)
    (comment) @comment`,
}
