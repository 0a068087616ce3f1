import { ListQuery } from '../contracts/http.ts'
import { toolOf } from '../contracts/tools.ts'
import { WorkspacePage } from './model.ts'
import type { Workspaces } from './service.ts'

const tool = toolOf<Workspaces>()

/** Workspaces as tools for agents. */
export const WORKSPACE_TOOLS = [
  tool({
    name: 'list_workspaces',
    title: 'List workspaces',
    description:
      'The workspaces you belong to, with your role in each. Other tools take one as workspaceId; without it most mean your personal workspace.',
    needs: 'own',
    scope: 'workspaces:read',
    limit: 'read',
    writes: false,
    input: ListQuery,
    output: WorkspacePage,
    run: (workspaces, actor, input) => workspaces.list(actor, input),
  }),
]
