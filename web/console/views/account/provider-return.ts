import { type Parley, ParleyError } from '../../../../sdk/index.ts'
import { announce, fill, h } from '../../lib/dom.ts'
import { explain } from '../../lib/explain.ts'
import { forgetToken, tokenInUrl } from '../../lib/link-token.ts'
import { returned } from '../../lib/provider-trip.ts'
import { accountPage, card, focusFirst, nextLink } from './card.ts'
import { secondFactorCard } from './second-factor.ts'

/** Where the page goes next. */
export type Go = (path: string, notice?: string) => void

const REFUSED: Record<string, string> = {
  OAUTH_FAILED: 'The other site did not confirm who you are, or you said no there. Try again, or sign in another way.',
  LINK_INVALID: 'This took too long, or was begun in another tab. Begin again from here.',
  EMAIL_UNVERIFIED:
    'The other site does not vouch for your email. Confirm it there first, or create an account with a password.',
  FORBIDDEN: 'Nobody gets a new account this way here. Sign in as before, and link the other site in your settings.',
  CONFLICT: 'This account of the other site is linked to another account here already.',
}

/** `/account/oauth#code=...` or `#error=...`: the return from an identity provider. */
export function providerReturnView(parley: Parley, go: Go): HTMLElement {
  const [code, failure, trip] = [tokenInUrl('code'), tokenInUrl('error'), returned()]
  forgetToken()
  const isLink = trip?.purpose === 'link'
  const page = accountPage(card('One moment…', h('p', { class: 'soft', role: 'status' }, 'Signing you in.')))
  const show = (next: HTMLElement): void => {
    fill(page, next)
    focusFirst(next)
  }
  const fail = (error: unknown): void => {
    const title = isLink ? 'It could not be linked' : 'You are not signed in'
    const next = isLink ? nextLink('/settings', 'Back to the settings') : nextLink('/', 'To the sign-in page')
    show(card(title, h('p', { role: 'alert' }, explain(error, REFUSED)), next))
  }
  const refusal = (code: string) => new ParleyError({ code, message: code })

  async function finish(): Promise<void> {
    if (failure || !code || !trip) throw refusal(failure && failure in REFUSED ? failure : 'LINK_INVALID')
    if (isLink) {
      await parley.rest.linkOAuth({ body: { code, handle: trip.handle } })
      announce('It is linked.')
      return go('/settings')
    }
    const answer = await parley.auth.finishOAuth({ code, handle: trip.handle })
    if (answer.status === 'signed_in') return go('/')
    show(secondFactorCard(parley, answer, { done: () => go('/'), restart: (notice) => go('/', notice) }))
  }

  finish().catch(fail)
  return page
}
