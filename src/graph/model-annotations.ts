import Type, { type Static } from 'typebox'
import { Id, ListQuery, Nullable, Page, Ref, Time } from '../contracts/http.ts'

/** A note of somebody on a node. */
export const Annotation = Type.Object(
  {
    id: Id,
    sourceId: Id,
    nodeId: Id,
    authorId: Nullable(Id),
    text: Type.String(),
    createdAt: Time,
  },
  { $id: 'Annotation', description: 'A note of somebody on a node: it stays with the node over all revisions' },
)
export type Annotation = Static<typeof Annotation>

export const AnnotationPage = Page(Ref(Annotation))
export const AnnotationListQuery = ListQuery

/** What is to be noted. */
export const AnnotationBody = Type.Object(
  { text: Type.String({ minLength: 1, maxLength: 4000, pattern: '^[^\\u0000]*\\S[^\\u0000]*$' }) },
  { additionalProperties: false },
)
export type AnnotationBody = Static<typeof AnnotationBody>
