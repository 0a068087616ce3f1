import type { Page } from '../http/pages.ts'
import type { Http, Query } from '../http/request.ts'
import type { Graph, GraphNodeDetail, Job, Neighborhood, Source } from '../types.ts'
import type { ListOptions } from './conversations.ts'

/** Sources, their analysis and their graph. Where `sourceId` is left out, the workspace's newest source is meant. */
export function graphApi(http: Http) {
  return {
    /** Starts the analysis of uploads; follow it by `jobs.watch`. With `sourceId`, a new revision of that source. */
    analyze: (input: { uploadIds: string[]; name?: string; sourceId?: string }) =>
      http.json<{ job: Job; source: Source }>('POST', '/api/analyze', { body: input }),
    sources: (query: ListOptions & { workspaceId?: string } = {}) =>
      http.json<Page<Source>>('GET', '/api/sources', { query }),
    source: (id: string) => http.json<Source>('GET', `/api/sources/${id}`),
    deleteSource: (id: string) => http.json<undefined>('DELETE', `/api/sources/${id}`),
    /** One page of nodes and edges. */
    get: (query: Query & { sourceId?: string } = {}) => http.json<Graph>('GET', '/api/graph', { query }),
    node: (id: string) => http.json<GraphNodeDetail>('GET', `/api/nodes/${id}`),
    neighbors: (id: string, query: Query = {}) =>
      http.json<Neighborhood>('GET', `/api/nodes/${id}/neighbors`, { query }),
    /** The picture as SVG text. Show it as an image, never as markup of your page. */
    picture: async (query: Query & { sourceId?: string } = {}): Promise<Blob> => {
      const response = await http.raw('GET', '/api/graph/picture.svg', { query, headers: { accept: 'image/svg+xml' } })
      return new Blob([await response.text()], { type: 'image/svg+xml' })
    },
    pictureUrl: (query: Query & { sourceId?: string } = {}) => http.url('/api/graph/picture.svg', query),
    /** A whole export, to read or to stream on. */
    export: (query: Query & { format: string; sourceId?: string }) =>
      http.raw('GET', '/api/export', { query, headers: { accept: '*/*' } }),
  }
}
