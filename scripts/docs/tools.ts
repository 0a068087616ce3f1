import { ASSISTANT_TOOLS } from '../../src/assistant/tools.ts'
import type { ToolDeclaration } from '../../src/contracts/tools.ts'
import { CONVERSATION_TOOLS } from '../../src/conversations/tools.ts'
import { GRAPH_TOOLS } from '../../src/graph/tools.ts'
import { MESSAGE_TOOLS } from '../../src/messages/tools.ts'
import { SEARCH_TOOLS } from '../../src/search/tools.ts'
import { WORKSPACE_TOOLS } from '../../src/workspaces/tools.ts'

/** The tools for agents of all features, in the order of plugins/mcp.ts; a test holds them against what is served. */
export const TOOLS: readonly ToolDeclaration[] = [
  ...SEARCH_TOOLS,
  ...WORKSPACE_TOOLS,
  ...GRAPH_TOOLS,
  ...CONVERSATION_TOOLS,
  ...MESSAGE_TOOLS,
  ...ASSISTANT_TOOLS,
]
