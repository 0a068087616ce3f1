import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { TOOLS } from '../../scripts/docs/tools.ts'
import { CONVERSATION_POLICY, SCOPES, type Scope, WORKSPACE_POLICY } from '../../src/contracts/policy.ts'
import { type Agent, agent, argumentsFor, declarationOf, mcpUrl } from '../helpers/agent.ts'
import { person, testApp } from '../helpers/app.ts'
import { allowed, ROLES } from '../helpers/roles.ts'
import { makeThings, peopleOf } from '../helpers/things.ts'

// The role matrix of test/promises/roles.test.ts for tools of agents, made from what the server tells of them.

t.test('every tool that a feature declares is served, with what it needs', async (t) => {
  const app = await testApp(t)
  const { tools } = await agent(t, await mcpUrl(app), (await person(app)).token)
  t.same(
    tools.map(({ name }) => name),
    TOOLS.map(({ name }) => name),
    'as documented',
  )
  const src = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'src')
  const files = readdirSync(src).flatMap((feature) => {
    const path = join(src, feature, 'tools.ts')
    return existsSync(path) ? [readFileSync(path, 'utf8')] : []
  })
  const declared = files.flatMap((text) => [...text.matchAll(/^ {4}name: '(\w+)'/gm)].map(([, name]) => name))
  t.ok(files.length > 5)
  t.same(declared.sort(), tools.map(({ name }) => name).sort(), 'whatever stands in a src/<feature>/tools.ts')
  for (const tool of tools) {
    const { needs, scope } = declarationOf(tool)
    t.ok(needs === 'own' || needs in WORKSPACE_POLICY || needs in CONVERSATION_POLICY, `${tool.name} needs ${needs}`)
    t.ok(SCOPES.includes(scope), `${tool.name} has the scope ${scope}`)
    t.match(tool, { title: /^\S/, description: /^.{30}/, annotations: { readOnlyHint: Boolean } }, tool.name)
    t.equal(
      tool.annotations?.readOnlyHint,
      !scope.endsWith(':write'),
      `${tool.name}: what only reads wants no scope to write`,
    )
  }
})

t.test('SECURITY 12, 30, 32: every tool of MCP, as every role', async (t) => {
  const app = await testApp(t)
  const url = await mcpUrl(app)
  const owner = await person(app, 'owner')
  const things = await makeThings(app, owner)
  const people = await peopleOf(app, owner, things.workspaceId)
  await t.rejects(agent(t, url), { code: 401 }, 'nobody gets no tools')
  for (const role of ['outsider', ...ROLES] as const) {
    const { tools, call } = await agent(t, url, people[role].token)
    for (const tool of tools) {
      const { needs } = declarationOf(tool)
      const { data, problem } = await call(tool.name, argumentsFor(tool, things))
      const name = `${tool.name} (${needs}) as ${role}`
      if (needs === 'own' || (role !== 'outsider' && allowed(role, needs))) t.ok(data, `${name}: ${problem?.detail}`)
      else t.equal(problem?.code, role === 'outsider' ? 'NOT_FOUND' : 'FORBIDDEN', name)
    }
  }
})

t.test('SECURITY 12: API keys over MCP, by their scopes', async (t) => {
  const app = await testApp(t)
  const url = await mcpUrl(app)
  const owner = await person(app, 'owner')
  const things = await makeThings(app, owner)
  const { tools } = await agent(t, url, owner.token)
  const machineWith = async (scopes: Scope[]): Promise<Agent> => {
    const { key } = (await owner.post('/api/auth/api-keys', { name: 'k', scopes })).json<{ key: string }>()
    return agent(t, url, key)
  }
  for (const scope of SCOPES) {
    const machine = await machineWith([scope])
    const own = tools.filter((tool) => declarationOf(tool).scope === scope)
    t.same(
      machine.tools.map(({ name }) => name),
      own.map(({ name }) => name),
      `told with ${scope}`,
    )
    for (const tool of tools) {
      const { problem } = await machine.call(tool.name, argumentsFor(tool, things))
      t.equal(problem?.code, own.includes(tool) ? undefined : 'FORBIDDEN', `${tool.name} with ${scope}`)
    }
  }
})
