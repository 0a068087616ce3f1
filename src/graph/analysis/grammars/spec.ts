import type { Node } from 'web-tree-sitter'
import type { ImportFact, NodeKind } from '../types.ts'
import type { Repair } from './parser.ts'

/** Most arguments of what takes any number. */
export const MANY = 255

/**
 * One language for the shared extractor: a tree-sitter grammar and a query whose captures say what is what.
 *
 * | captures | what |
 * |---|---|
 * | `@class` `@interface` `@type` `@enum` `@namespace` `@function` `@method` `@variable` + `@name` | a definition; with `@body` where its signature ends, `@owner` the type it belongs to where it stands outside of it, `@declaration` where it has no body |
 * | `@declarator` | instead of `@name`: handed to `declared`, which takes the name out of it |
 * | `@package` | package or namespace of the file |
 * | `@import` | handed to `imports` |
 * | `@call` + `@callee`, `@new` + `@callee` | uses by a dotted name; with `@method` the last part of it stands apart from `@callee` |
 * | `@extends` `@implements` | names of bases, of the definition round them or, with `@of`, of the type named there |
 * | `@typeref` | a name in a type |
 * | `@local` with `@localtype` or `@localnew` | a parameter, variable or field, with its type where it is written; with `@after` it counts behind that |
 * | `@scope` | what the locals declared in it count for |
 * | `@ref` | a name that is neither called nor a type |
 * | `@anonymous` with `@base` | the body of a class without a name |
 * | `@comment` `@attribute` | what may stand above a definition |
 */
export interface Spec extends Repair {
  grammar: string
  query: string
  /** Blanks what the grammar cannot know and nobody needs; every character stays in its place. */
  prepare?: (text: string) => string
  /** Between the parts of a name. */
  separator: RegExp
  /** Words for the enclosing instance, for its type, and for what that extends. */
  self?: readonly string[]
  base?: readonly string[]
  /** Whether a definition is seen from outside, by its name and its head. */
  exported: (name: string, head: string) => boolean
  isStatic?: (head: string) => boolean
  /** The name that a declarator declares, with what it is; undefined where that is nothing of note. */
  declared?: (declarator: Node, definition: Node) => DeclaredName | undefined
  /** Reads an import statement. */
  imports?: (node: Node) => ImportItem[]
  /** Imports count for what they stand in: a module, a function. */
  scopedImports?: boolean
  /** A name as written to its plain form (PHP's `$`). */
  plain?: (name: string) => string
  /** Changes a name before it is taken apart. */
  rewrite?: (text: string) => string
  /** Calls of this method make an instance (Ruby's `new`). */
  maker?: string
  /** Locals are what is assigned to them, wherever in their function (PHP, Ruby): they are certain where all of it is the same. */
  assigned?: boolean
  /** Fields of a class are names in its methods, without a word for the instance. */
  bareFields?: boolean
  /** A variable does not hide a method of the same name. */
  methodsApart?: boolean
  /** Where several functions of one name differ by their parameters: how many arguments a call gives, and how many a definition takes. */
  givenArguments?: (call: Node) => number | undefined
  takenParameters?: (definition: Node) => [least: number, most: number] | undefined
  /** The condition under which the compiler takes a file at all. */
  constraint?: (text: string) => string | undefined
  /** Changes the kind of a definition by its text. */
  kind?: (kind: NodeKind, head: string) => NodeKind
}

/** A name taken out of a declarator. */
export interface DeclaredName {
  name: string
  at: Node
  kind: NodeKind
  /** The classes it is written to belong to, outermost first, as written. */
  owner?: string[]
  isDeclaration?: boolean
}

/** What an import statement says: a request, and the name it is known by in the file (none, or '*' for all that is in it). */
export interface ImportItem
  extends Pick<ImportFact, 'request'>,
    Partial<Pick<ImportFact, 'level' | 'names' | 'dynamic'>> {
  local?: string
}
