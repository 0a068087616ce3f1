import Type, { type Static } from 'typebox'

/** Longest document, in characters. */
export const MOST_CHARACTERS = 20_000
const Nothing = Type.Null()
const query = Type.String({ minLength: 1, maxLength: MOST_CHARACTERS })

/** A GraphQL request in a body. What is not given may as well be null; other members are left alone. */
export const GraphqlBody = Type.Object({
  query,
  variables: Type.Optional(Type.Union([Type.Record(Type.String(), Type.Unknown()), Nothing])),
  operationName: Type.Optional(Type.Union([Type.String({ maxLength: 200 }), Nothing])),
  extensions: Type.Optional(Type.Union([Type.Record(Type.String(), Type.Unknown()), Nothing])),
})
export type GraphqlBody = Static<typeof GraphqlBody>

/** A GraphQL request in a URL. */
export const GraphqlQuery = Type.Object({
  query,
  variables: Type.Optional(Type.String({ description: 'JSON' })),
  operationName: Type.Optional(Type.String({ maxLength: 200 })),
  extensions: Type.Optional(Type.String({ description: 'JSON' })),
})
export type GraphqlQuery = Static<typeof GraphqlQuery>
