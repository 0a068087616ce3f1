import type { Sql } from 'postgres'
import { type At, edgeColumnsOf, rowsAt } from './columns.ts'
import type { EdgeRow } from './rows.ts'

type Db = Sql<{ bigint: number }>

/** Which edges a walk goes along, and which nodes it may come to. */
export interface Way {
  direction: 'in' | 'out' | 'both'
  edgeKinds: readonly string[] | undefined
  kinds?: readonly string[] | undefined
}

/** An edge without what it is like. */
export interface Step {
  id: string
  from: string
  to: string
}

/** Reads for walks through a graph, one query a step: ids alone on the way, whole rows for what is told at the end. Knows no rights. */
export function createWalkRepository(sql: Db) {
  const along = (at: At, edgeKinds: readonly string[] | undefined) =>
    edgeKinds === undefined
      ? rowsAt(sql, 'e', at)
      : sql`${rowsAt(sql, 'e', at)} and e.kind = any(${edgeKinds as string[]}::text[])`
  const outward = ({ direction }: Way) => direction !== 'in'
  const inward = ({ direction }: Way) => direction !== 'out'
  const either = (sides: ReturnType<typeof along>[]) => sides.reduce((one, other) => sql`${one} union all ${other}`)

  return {
    /** Nodes at the other ends of edges, in the order of their ids, at most `limit`. */
    async next(at: At, ids: readonly string[], way: Way, limit: number): Promise<string[]> {
      const held = along(at, way.edgeKinds)
      const sides = [
        outward(way)
          ? sql`select e.to_id as id from graph_edges e where e.from_id = any(${ids as string[]}::uuid[]) and ${held}`
          : [],
        inward(way)
          ? sql`select e.from_id as id from graph_edges e where e.to_id = any(${ids as string[]}::uuid[]) and ${held}`
          : [],
      ].flat()
      const wanted =
        way.kinds === undefined
          ? sql``
          : sql`where exists (select from graph_nodes n where n.id = o.id and ${rowsAt(sql, 'n', at)} and n.kind = any(${way.kinds as string[]}::text[]))`
      const rows = await sql<{ id: string }[]>`
        select distinct o.id from (${either(sides)}) o ${wanted} order by o.id limit ${limit}`
      return rows.map(({ id }) => id)
    },

    /** Edges that leave (or reach) some nodes, in the order of their ids. */
    async steps(at: At, ids: readonly string[], { direction, edgeKinds }: Way, limit: number): Promise<Step[]> {
      const side = direction === 'in' ? sql`e.to_id` : sql`e.from_id`
      return sql<Step[]>`select e.id, e.from_id as "from", e.to_id as "to" from graph_edges e
        where ${side} = any(${ids as string[]}::uuid[]) and ${along(at, edgeKinds)} order by e.id limit ${limit}`
    },

    /** Edges between nodes that were walked from and nodes that were come to. */
    async between(at: At, walked: readonly string[], nodes: readonly string[], way: Way): Promise<EdgeRow[]> {
      const held = along(at, way.edgeKinds)
      const [here, there] = [walked as string[], nodes as string[]]
      const columns = edgeColumnsOf(sql)
      const sides = [
        outward(way)
          ? sql`select ${columns} from graph_edges e where e.from_id = any(${here}::uuid[]) and e.to_id = any(${there}::uuid[]) and ${held}`
          : [],
        inward(way)
          ? sql`select ${columns} from graph_edges e where e.to_id = any(${here}::uuid[]) and e.from_id = any(${there}::uuid[]) and ${held}`
          : [],
      ].flat()
      const rows = await sql<EdgeRow[]>`select * from (${either(sides)}) e order by kind, id`
      return rows.filter(({ id }, place) => rows[place - 1]?.id !== id)
    },

    /** Edges by their ids. */
    edgesById: async (at: At, ids: readonly string[]): Promise<EdgeRow[]> =>
      sql<
        EdgeRow[]
      >`select ${edgeColumnsOf(sql)} from graph_edges e where e.id = any(${ids as string[]}::uuid[]) and ${rowsAt(sql, 'e', at)}`,
  }
}

/** See {@link createWalkRepository}. */
export type WalkRepository = ReturnType<typeof createWalkRepository>
