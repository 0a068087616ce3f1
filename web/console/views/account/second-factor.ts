import { type Parley, ParleyError, type SecondFactor } from '../../../../sdk/index.ts'
import { announce, h, icon } from '../../lib/dom.ts'
import { explain } from '../../lib/explain.ts'
import { formView } from '../../lib/form.ts'
import { passkeysWork, usePasskey } from '../../lib/passkeys.ts'
import { card } from './card.ts'

/** Where a sign-in goes on: in, or back to its beginning with a word why. */
export type Ways = { done: () => void; restart: (notice: string) => void }

const CODE = {
  name: 'code',
  label: 'Code of your authenticator app',
  inputmode: 'numeric',
  autocomplete: 'one-time-code',
  pattern: '\\s*\\d{3}\\s*\\d{3}\\s*',
  title: 'Six digits',
  maxlength: 12,
  hint: 'Six digits, new every half minute.',
}
const RECOVERY = {
  name: 'code',
  label: 'Recovery code',
  autocomplete: 'off',
  spellcheck: 'false',
  minlength: 6,
  maxlength: 30,
  hint: 'One of those that you kept when you set this up. Each is good once.',
}

/** The second step of a sign-in: a code of the app, a recovery code, or a passkey in place of all of it. */
export function secondFactorCard(parley: Parley, challenge: SecondFactor, { done, restart }: Ways): HTMLElement {
  const stage = h('div', { class: 'stack', 'data-first': true })
  const lapse = setTimeout(() => {
    if (stage.isConnected) restart('That took too long. Sign in again.')
  }, challenge.expiresAt - Date.now())

  const leave = (): void => {
    clearTimeout(lapse)
    announce('You are signed in.')
    done()
  }

  function show(recovery: boolean): void {
    const other = h(
      'button',
      { type: 'button', class: 'link', onClick: () => show(!recovery) },
      recovery ? 'Use the code of my app' : 'Use a recovery code',
    )
    const form = formView({
      id: 'second-factor',
      fields: [recovery ? RECOVERY : CODE],
      submit: 'Confirm',
      advice: recovery
        ? { MFA_CODE_INVALID: 'This is none of your recovery codes, or it was used already. Try another one.' }
        : {},
      async send(value) {
        try {
          await challenge.complete(recovery ? value('code').trim() : value('code').replace(/\s/g, ''))
        } catch (error) {
          if (error instanceof ParleyError && error.code === 'TOKEN_INVALID') {
            clearTimeout(lapse)
            return restart('That took too long. Sign in again.')
          }
          throw error
        }
        leave()
      },
      after: [
        passkeysWork() ? passkey((text) => form.complain(text)) : null,
        challenge.methods.includes('recovery_code') ? other : null,
      ],
    })
    stage.replaceChildren(form.element)
    form.focus()
  }

  const passkey = (complain: (text: string) => void): HTMLElement => {
    const use = (): Promise<void> =>
      parley.auth.loginWithPasskey(usePasskey).then(leave, (error) => complain(explain(error)))
    return h('button', { type: 'button', onClick: () => void use() }, icon('key'), 'Use a passkey')
  }

  show(!challenge.methods.includes('totp'))
  return card('One more step', h('p', { class: 'soft' }, 'Your account asks for a second factor.'), stage)
}
