import type { Parley } from '../../../../sdk/index.ts'
import { announce, h, icon } from '../../lib/dom.ts'
import { explain } from '../../lib/explain.ts'
import { passkeysWork, usePasskey } from '../../lib/passkeys.ts'
import { depart } from '../../lib/provider-trip.ts'

/** Ways to sign in without a password: a passkey of this device, and the identity providers of the server. Hidden where there are none. */
export function otherWays(parley: Parley, done: () => void, complain: (text: string) => void): HTMLElement {
  const buttons = h('div', { class: 'stack' })
  const element = h('div', { class: 'other-ways', hidden: true }, h('p', { class: 'or' }, 'or'), buttons)

  const offer = (label: string, act: () => Promise<void>, ...before: Node[]): void => {
    const run = async (): Promise<void> => {
      complain('')
      button.disabled = true
      try {
        await act()
      } catch (error) {
        complain(explain(error))
      } finally {
        button.disabled = false
      }
    }
    const button = h('button', { type: 'button', onClick: () => void run() }, ...before, label)
    buttons.append(button)
    element.hidden = false
  }

  if (passkeysWork()) {
    const enter = async (): Promise<void> => {
      await parley.auth.loginWithPasskey(usePasskey)
      announce('You are signed in.')
      done()
    }
    offer('Use a passkey', enter, icon('key'))
  }
  // Without an answer the page is as good as without providers.
  parley.rest.listSignInProviders({ anonymous: true }).then(
    ({ items }) => {
      for (const { name, label } of items)
        offer(`Continue with ${label}`, async () => depart(await parley.auth.startOAuth(name), 'login'))
    },
    () => undefined,
  )
  return element
}
