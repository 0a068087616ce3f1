import type { ApiKey, Operations, Parley } from '../../../../sdk/index.ts'
import { h } from '../../lib/dom.ts'
import { Told } from '../../lib/explain.ts'
import { formView } from '../../lib/form.ts'
import { when } from '../../lib/format.ts'
import { list, row, secretBox, section, stage, sureButton } from './parts.ts'

type Scope = Operations['createApiKey']['body']['scopes'][number]
type Resource = Scope extends `${infer Name}:${string}` ? Name : never

/** All there are: the compiler finds one that is missing. */
const RESOURCES: Record<Resource, string> = {
  conversations: 'Conversations and messages',
  uploads: 'Uploads',
  graph: 'Graph',
  jobs: 'Jobs',
  workspaces: 'Workspaces',
  account: 'Account',
}
const LIVES: [days: number, text: string][] = [
  [30, 'In 30 days'],
  [90, 'In 90 days'],
  [365, 'In a year'],
  [0, 'Never'],
]
const DAY_MS = 24 * 3600 * 1000

const factsOf = ({ scopes, expiresAt, lastUsedAt }: ApiKey): string =>
  [
    scopes.join(', '),
    lastUsedAt === null ? 'never used' : `last used ${when(lastUsedAt)}`,
    expiresAt === null ? 'does not expire' : `expires ${when(expiresAt)}`,
  ].join(' · ')

function scopeTable(): HTMLElement {
  const box = (resource: string, label: string, way: 'read' | 'write') =>
    h(
      'label',
      { class: 'check' },
      h('input', { type: 'checkbox', name: 'scopes', value: `${resource}:${way}`, 'aria-label': `${label}: ${way}` }),
      way,
    )
  return h(
    'fieldset',
    { class: 'scopes' },
    h('legend', {}, 'What it may do'),
    ...Object.entries(RESOURCES).map(([resource, label]) =>
      h('div', { class: 'scope' }, h('span', {}, label), box(resource, label, 'read'), box(resource, label, 'write')),
    ),
  )
}

const lifeField = (): HTMLElement =>
  h(
    'div',
    { class: 'field' },
    h('label', { for: 'api-key-life' }, 'Expires'),
    h(
      'select',
      { id: 'api-key-life', name: 'life' },
      ...LIVES.map(([days, text]) => h('option', { value: days, selected: days === 90 }, text)),
    ),
  )

/** API keys of programs: listed, made and revoked. */
export function apiKeysSection(parley: Parley): HTMLElement {
  const result = stage()
  const { rest } = parley
  const revoke = (id: string): Promise<void> => rest.revokeApiKey({ path: { id } }).then(keys.load, result.complain)
  const keys = list(
    () => rest.listApiKeys({ query: { limit: 100 } }),
    (key) =>
      row(
        key.name,
        null,
        factsOf(key),
        sureButton('Revoke', key.name, () => revoke(key.id)),
      ),
    'None yet.',
  )
  const form = formView({
    id: 'api-key',
    fields: [
      { name: 'name', label: 'Name', maxlength: 100, autocomplete: 'off', hint: 'What it is for: “build server”.' },
      scopeTable(),
      lifeField(),
    ],
    submit: 'Make a key',
    async send(value, data) {
      const scopes = data.getAll('scopes') as Scope[]
      if (scopes.length === 0) throw new Told('Choose at least one thing that it may do.')
      const days = Number(value('life'))
      const expiresAt = days > 0 ? { expiresAt: new Date(Date.now() + days * DAY_MS).toISOString() } : {}
      const { key, name } = await rest.createApiKey({ body: { name: value('name').trim(), scopes, ...expiresAt } })
      form.element.reset()
      await keys.load()
      result.show(
        h('p', {}, `The key “${name}” is shown this once. Keep it where your program finds it:`),
        secretBox('The new API key', key),
      )
    },
  })
  return section(
    'api-keys',
    'API keys',
    'For programs that act as you, within what you allow them.',
    keys.element,
    h('details', {}, h('summary', {}, 'Make a key'), form.element),
    result.element,
  )
}
