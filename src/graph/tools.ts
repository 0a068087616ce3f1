import Type from 'typebox'
import { Id } from '../contracts/http.ts'
import { toolOf } from '../contracts/tools.ts'
import type { Graph } from './index.ts'
import { GraphNodeDetail, NodeQuery } from './model.ts'
import { GraphSearch, GraphSearchQuery } from './model-insights.ts'
import { SourceListQuery, SourcePage } from './model-sources.ts'
import { GraphPath, Impact, ImpactQuery, Neighborhood, NeighborsQuery, PathQuery } from './model-walks.ts'

const tool = toolOf<Graph>()
const declared = { needs: 'graph:read', scope: 'graph:read', limit: 'read', writes: false } as const
const OfNode = <P extends object>(properties: P) =>
  Type.Object({ nodeId: Id, ...properties }, { additionalProperties: false })

/** Questions to graphs of code and documents, as tools for agents. */
export const GRAPH_TOOLS = [
  tool({
    ...declared,
    name: 'list_sources',
    title: 'List sources',
    description: 'Analysed bodies of code and documents of a workspace, newest first, with the sizes of their graphs.',
    input: SourceListQuery,
    output: SourcePage,
    run: (graph, actor, input) => graph.sources.list(actor, input),
  }),
  tool({
    ...declared,
    name: 'find_nodes',
    title: 'Find nodes',
    description:
      'Files, symbols, packages, documents and sections of a source by name, path or words, best first. Their ids are what the other tools of the graph take as nodeId.',
    input: GraphSearchQuery,
    output: GraphSearch,
    run: (graph, actor, input) => graph.insights.search(actor, input),
  }),
  tool({
    ...declared,
    name: 'get_node',
    title: 'Get a node',
    description: 'One node of a graph: what and where it is, its signature and doc comment, and how many edges it has.',
    input: OfNode(NodeQuery.properties),
    output: GraphNodeDetail,
    run: (graph, actor, { nodeId, revision }) => graph.queries.node(actor, nodeId, revision),
  }),
  tool({
    ...declared,
    name: 'get_neighbors',
    title: 'Get neighbours',
    description:
      'What is around a node, nearest first, with the edges: what it contains, imports, calls, extends, implements, references or links (out), and what does so to it (in). An edge says whether it is exact, inferred or unresolved.',
    input: OfNode(NeighborsQuery.properties),
    output: Neighborhood,
    run: (graph, actor, { nodeId, ...query }) => graph.queries.neighbors(actor, nodeId, query),
  }),
  tool({
    ...declared,
    name: 'get_impact',
    title: 'Get the impact of a change',
    description: 'What depends on a node, directly or through others, nearest first: what a change of it may touch.',
    input: OfNode(ImpactQuery.properties),
    output: Impact,
    run: (graph, actor, { nodeId, ...query }) => graph.traversals.impact(actor, nodeId, query),
  }),
  tool({
    ...declared,
    name: 'find_path',
    title: 'Find a path',
    description: 'The shortest way from one node to another along the direction of the edges; both of the same source.',
    input: PathQuery,
    output: GraphPath,
    run: (graph, actor, input) => graph.traversals.path(actor, input),
  }),
]
