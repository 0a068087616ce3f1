import { type GraphQLDirective, type GraphQLField, getDirectiveValues } from 'graphql'
import { type Actor, demandScope, type Operation, type Scope } from '../../contracts/policy.ts'
import { schema } from './schema.ts'

/** What a field of Query or Mutation declares, as routes do in their `config`: `@requires(needs: ..., scope: ...)` in the schema. */
export interface FieldDeclaration {
  /** What role it needs. The service demands it, and a test asks it as every role. */
  needs: Operation
  /** The scope an API key needs for it. */
  scope: Scope
}

/** The declaration of a field. Throws for one that has none. */
export function declarationOf({ name, astNode }: GraphQLField<unknown, unknown>): FieldDeclaration {
  const directive = schema.getDirective('requires') as GraphQLDirective
  const declared = astNode && getDirectiveValues(directive, astNode)
  if (!declared) throw new Error(`the field '${name}' of GraphQL does not declare what it requires`)
  return declared as unknown as FieldDeclaration
}

/** The fields of Query and Mutation with what they declare, by `Type.field`. */
export const DECLARATIONS: ReadonlyMap<string, FieldDeclaration> = new Map(
  [schema.getQueryType(), schema.getMutationType()].flatMap((type) =>
    Object.values(type?.getFields() ?? {}).map((field) => [`${type?.name}.${field.name}`, declarationOf(field)]),
  ),
)
const SCOPES = new Map([...DECLARATIONS].map(([path, { scope }]) => [path.split('.')[1], scope]))

type Root = Record<string, (args: never) => unknown>

/** The same root for an API key: each field wants the scope that it declares, and throws FORBIDDEN without. */
export const withScopes = (root: Root, actor: Actor): Root =>
  Object.fromEntries(
    Object.entries(root).map(([name, resolve]) => [
      name,
      (args: never) => {
        demandScope(actor, SCOPES.get(name) as Scope)
        return resolve(args)
      },
    ]),
  )
