import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLError,
  Kind,
  type SelectionSetNode,
} from 'graphql'

/** How much one operation may ask for. */
export const LIMITS = { depth: 12, fields: 500, aliases: 50, cost: 10_000 } as const

/** Costs of fields that walk the whole graph, in cheap fields. */
const DEAR: Record<string, number> = {
  impact: 20,
  neighbors: 10,
  path: 20,
  cycles: 50,
  communities: 50,
  rank: 20,
  search: 10,
  unused: 20,
  diff: 20,
}
const MOST_PER_PAGE = 1000
/** Lists that give twenty where nothing else is asked for. */
const PAGED = new Set([
  ...['nodes', 'outgoing', 'incoming', 'annotations', 'neighbors', 'impact', 'diff'],
  ...['rank', 'communities', 'search', 'unresolved', 'unused', 'sources'],
])

interface Sum {
  depth: number
  fields: number
  aliases: number
  cost: number
}

/**
 * Refuses a document that asks for too much: too deep, too many fields or aliases, or too many records (`first` of lists within lists multiplies).
 * Introspection counts like everything else. Call it after validation: fragments then form no circle.
 */
export function checkLimits(document: DocumentNode, variables: Record<string, unknown>): GraphQLError[] {
  const fragments = new Map<string, FragmentDefinitionNode>()
  for (const node of document.definitions)
    if (node.kind === Kind.FRAGMENT_DEFINITION) fragments.set(node.name.value, node)
  const sum: Sum = { depth: 0, fields: 0, aliases: 0, cost: 0 }
  for (const node of document.definitions) {
    if (node.kind === Kind.OPERATION_DEFINITION) visit(node.selectionSet, 1, 1, { fragments, variables, sum })
  }
  return (Object.keys(LIMITS) as (keyof Sum)[])
    .filter((what) => sum[what] > LIMITS[what])
    .map((what) => new GraphQLError(`The query is too big: its ${what} is above ${LIMITS[what]}`))
}

interface Walk {
  fragments: ReadonlyMap<string, FragmentDefinitionNode>
  variables: Record<string, unknown>
  sum: Sum
}

function visit(set: SelectionSetNode, depth: number, times: number, walk: Walk): void {
  const { sum } = walk
  for (const selection of set.selections) {
    // Enough is known to refuse it; the rest could be exponential.
    if (sum.fields > LIMITS.fields || sum.cost > LIMITS.cost) return
    if (selection.kind === Kind.FIELD) visitField(selection, depth, times, walk)
    else if (selection.kind === Kind.INLINE_FRAGMENT) visit(selection.selectionSet, depth, times, walk)
    else {
      const fragment = walk.fragments.get(selection.name.value)
      if (fragment) visit(fragment.selectionSet, depth, times, walk)
    }
  }
}

function visitField(field: FieldNode, depth: number, times: number, walk: Walk): void {
  const { sum } = walk
  sum.depth = Math.max(sum.depth, depth)
  sum.fields++
  if (field.alias) sum.aliases++
  sum.cost += times * (DEAR[field.name.value] ?? 0.1)
  if (field.selectionSet) visit(field.selectionSet, depth + 1, times * pageOf(field, walk.variables), walk)
}

function pageOf(field: FieldNode, variables: Record<string, unknown>): number {
  const first = field.arguments?.find(({ name }) => name.value === 'first')?.value
  if (first === undefined) return PAGED.has(field.name.value) ? 20 : 1
  const value =
    first.kind === Kind.INT ? Number(first.value) : first.kind === Kind.VARIABLE ? variables[first.name.value] : 20
  return typeof value === 'number' ? Math.min(Math.max(value, 1), MOST_PER_PAGE) : 20
}
