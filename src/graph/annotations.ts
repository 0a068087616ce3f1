import type { Sql } from 'postgres'
import { problem } from '../contracts/errors.ts'
import { idAfter } from '../contracts/list.ts'
import { type Actor, demand } from '../contracts/policy.ts'
import { toPage } from '../lib/cursor.ts'
import { newId } from '../lib/ids.ts'
import type { GraphRepository } from './graph-repository.ts'
import type { Annotation } from './model-annotations.ts'
import type { WorkspaceAccess } from './service.ts'

type Db = Sql<{ bigint: number }>

/** Notes of one node at most. */
const MOST = 1000
/** Longest note, in characters. */
const MOST_CHARACTERS = 4000

/** What annotations need. */
export interface AnnotationDeps {
  sql: Db
  repository: Pick<GraphRepository, 'node'>
  workspaces: Pick<WorkspaceAccess, 'roleOf'>
}

/** Notes of people on nodes. They belong to the node, not to a revision of it. */
export function createAnnotations({ sql, repository, workspaces }: AnnotationDeps) {
  const columns = sql`a.id, a.source_id as "sourceId", a.node_id as "nodeId", a.author_id as "authorId", a.text, a.created_at as "createdAt"`

  async function demandNode(actor: Actor, id: string, operation: 'graph:read' | 'graph:annotate') {
    const node = await repository.node(id, undefined)
    demand(node && (await workspaces.roleOf(actor.userId, node.workspaceId)), operation, 'node')
    return node as NonNullable<typeof node>
  }

  return {
    /** Notes on a node, newest first. @throws NOT_FOUND, INVALID_CURSOR */
    async list(actor: Actor, nodeId: string, query: { limit: number; cursor?: string | undefined }) {
      await demandNode(actor, nodeId, 'graph:read')
      const before = idAfter(query.cursor)
      const rows = await sql<Annotation[]>`select ${columns} from annotations a where a.node_id = ${nodeId}
        ${before === undefined ? sql`` : sql`and a.id < ${before}`} order by a.id desc limit ${query.limit + 1}`
      return toPage([...rows], query.limit, ({ id }) => [id])
    },

    /** The newest notes of each of the nodes, at most `most` of each; no rights are asked. */
    async of(nodeIds: readonly string[], most: number): Promise<Map<string, Annotation[]>> {
      const rows = await sql<Annotation[]>`select ${columns} from unnest(${nodeIds as string[]}::uuid[]) as n(id)
        cross join lateral (select * from annotations a where a.node_id = n.id order by a.id desc limit ${most}) a
        order by a.id desc`
      const lists = new Map<string, Annotation[]>(nodeIds.map((id) => [id, []]))
      for (const row of rows) lists.get(row.nodeId)?.push(row)
      return lists
    },

    /** Notes something on a node. @throws NOT_FOUND, FORBIDDEN, VALIDATION_FAILED, CONFLICT where there is no more room */
    async add(actor: Actor, nodeId: string, text: string): Promise<Annotation> {
      const note = text.trim()
      if (note === '' || note.length > MOST_CHARACTERS || note.includes('\0'))
        throw problem('VALIDATION_FAILED', { detail: `A note is text of 1 to ${MOST_CHARACTERS} characters` })
      const node = await demandNode(actor, nodeId, 'graph:annotate')
      const rows = await sql<Annotation[]>`
        insert into annotations as a (id, source_id, node_id, author_id, text)
        select ${newId()}, ${node.sourceId}, ${nodeId}, ${actor.userId}, ${note}
        where (select count(*) from annotations where node_id = ${nodeId}) < ${MOST} returning ${columns}`
      if (rows[0] === undefined) throw problem('CONFLICT', { detail: `At most ${MOST} notes on a node` })
      return rows[0]
    },

    /** Takes a note away: one's own, or as an administrator of the workspace. @throws NOT_FOUND, FORBIDDEN */
    async remove(actor: Actor, id: string): Promise<void> {
      const [row] = await sql<{ authorId: string | null; workspaceId: string }[]>`
        select a.author_id as "authorId", s.workspace_id as "workspaceId"
        from annotations a join sources s on s.id = a.source_id and s.deleted_at is null where a.id = ${id}`
      const role = row && (await workspaces.roleOf(actor.userId, row.workspaceId))
      demand(role, row?.authorId === actor.userId ? 'graph:annotate' : 'graph:moderate', 'annotation')
      await sql`delete from annotations where id = ${id}`
    },
  }
}

/** See {@link createAnnotations}. */
export type Annotations = ReturnType<typeof createAnnotations>
