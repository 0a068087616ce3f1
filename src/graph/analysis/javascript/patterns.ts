import type { Path } from '../scope.ts'
import type { Ast } from './ast.ts'
import { child, children, nameOf } from './ast.ts'

/** Calls `name` for every name that a binding pattern introduces, and `other` for defaults, computed keys and types in it. */
export function eachBound(pattern: Ast, name: (id: Ast) => void, other: (node: Ast) => void): void {
  const type = child(pattern, 'typeAnnotation')
  if (type) other(type)
  for (const decorator of children(pattern, 'decorators')) other(decorator)
  switch (pattern.type) {
    case 'Identifier':
      name(pattern)
      break
    case 'ObjectPattern':
      for (const property of children(pattern, 'properties')) {
        if (property.type === 'RestElement') eachBound(property, name, other)
        else {
          if (property.computed === true) other(child(property, 'key') as Ast)
          eachBound(child(property, 'value') as Ast, name, other)
        }
      }
      break
    case 'ArrayPattern':
      for (const element of children(pattern, 'elements')) eachBound(element, name, other)
      break
    case 'AssignmentPattern':
      eachBound(child(pattern, 'left') as Ast, name, other)
      other(child(pattern, 'right') as Ast)
      break
    case 'RestElement':
      eachBound(child(pattern, 'argument') as Ast, name, other)
      break
    case 'TSParameterProperty':
      eachBound(child(pattern, 'parameter') as Ast, name, other)
      break
    default:
      other(pattern)
  }
}

/** `{ a, b: c }` as pairs of exported and local name; undefined for anything deeper or computed. */
export function plainProperties(pattern: Ast): { imported: string; local: string; node: Ast }[] {
  const pairs: { imported: string; local: string; node: Ast }[] = []
  for (const property of children(pattern, 'properties')) {
    if (property.type !== 'Property' || property.computed === true) continue
    const imported = nameOf(child(property, 'key'))
    let value = child(property, 'value')
    if (value?.type === 'AssignmentPattern') value = child(value, 'left')
    if (imported !== undefined && value?.type === 'Identifier') {
      pairs.push({ imported, local: value.name as string, node: value })
    }
  }
  return pairs
}

/** The class or interface that a type annotation names plainly (`x: Foo`, `x: ns.Foo<T>`), or undefined. */
export function namedType(annotation: Ast | undefined): Path | undefined {
  const type = annotation && child(annotation, 'typeAnnotation')
  return type?.type === 'TSTypeReference' ? qualifiedName(child(type, 'typeName') as Ast) : undefined
}

/** `A.B.C` of TSQualifiedName or Identifier. */
export function qualifiedName(node: Ast): Path | undefined {
  if (node.type === 'Identifier') return { name: node.name as string, members: [] }
  if (node.type !== 'TSQualifiedName') return undefined
  const left = qualifiedName(child(node, 'left') as Ast)
  const right = nameOf(child(node, 'right'))
  return left && right !== undefined ? { name: left.name, members: [...left.members, right] } : undefined
}
