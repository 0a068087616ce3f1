import type { Parley, User } from '../../../../sdk/index.ts'
import { h } from '../../lib/dom.ts'
import { apiKeysSection } from './api-keys.ts'
import { identitiesSection } from './identities.ts'
import { passkeysSection } from './passkeys.ts'
import { profileSections } from './profile.ts'
import { sessionsSection } from './sessions.ts'
import { twoStepSection } from './two-step.ts'

/** `/settings`: the own account. */
export function settingsView(parley: Parley, user: User): HTMLElement {
  const sections = [
    ...profileSections(parley, user),
    twoStepSection(parley),
    passkeysSection(parley),
    identitiesSection(parley),
    sessionsSection(parley),
    apiKeysSection(parley),
  ]
  return h(
    'main',
    { id: 'content', class: 'settings', tabindex: -1 },
    h(
      'div',
      { class: 'settings-column' },
      h(
        'header',
        { class: 'settings-head' },
        h('a', { href: '/' }, '← Back'),
        h('h1', {}, 'Settings'),
        h('p', { class: 'soft' }, user.name),
      ),
      ...sections,
    ),
  )
}
