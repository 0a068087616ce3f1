import { type Parley, ParleyError, type Registration, type SignIn } from '../../../sdk/index.ts'
import { announce, type Child, fill, h, type IconName, icon } from '../lib/dom.ts'
import { FIELDS, type FieldSpec, formView } from '../lib/form.ts'
import { forgetToken, tokenInUrl } from '../lib/link-token.ts'
import { card, focusFirst } from './account/card.ts'
import { lookForMail, resendForm } from './account/mail.ts'
import { otherWays } from './account/other-ways.ts'
import { secondFactorCard } from './account/second-factor.ts'

type Mode = 'register' | 'login'

/** How the card begins, and where it leads. */
export type SignInOptions = {
  done: () => void
  /** Why somebody has to sign in (again). */
  notice?: string
  /** The email that is asked for. */
  email?: string
  /** What is said first, in place of nothing. */
  intro?: Child
  mode?: Mode
}

const STEPS: [IconName, string, string][] = [
  ['upload', 'Upload your code or documents', 'A .zip or .tar.gz of a repository is enough.'],
  ['graph', 'Watch it become a graph', 'Files, symbols and sections, and what imports, calls and links what.'],
  ['chat', 'Ask about it', 'Every answer quotes the file and the lines it rests on.'],
]
const NAME: FieldSpec = { name: 'name', label: 'Your name', autocomplete: 'name', maxlength: 100 }
const SETUP_ADVICE = {
  NOT_FOUND:
    'This set-up link is not good any more. Restart the server: it prints a new one while nobody has an account.',
  CONFLICT: 'There is an administrator already. Open this page without the link, and sign in.',
}

const unconfirmed = (parley: Parley, email: string): HTMLElement =>
  card(
    'Confirm your email first',
    h(
      'p',
      { class: 'soft' },
      'Follow the link in the mail that was sent to you, then sign in. It is good for an hour.',
    ),
    resendForm(parley, email),
    h('a', { href: '/' }, 'Back to the sign-in page'),
  )

/** A card to create an account, sign in, or make the first administrator (`/#setup=...`), with all that may come in between. */
export function signInCard(parley: Parley, options: SignInOptions): HTMLElement {
  const setup = tokenInUrl('setup')
  const stage = h('div', { class: 'sign-in-stage' })

  const show = (next: HTMLElement): void => {
    fill(stage, next)
    focusFirst(next)
  }
  const begin = (mode: Mode, notice?: string, email = options.email): void => fill(stage, formFor(mode, notice, email))

  const enter = (): void => {
    announce('You are signed in.')
    options.done()
  }

  function goOn(answer: SignIn | Registration, email: string): void {
    if (answer.status === 'signed_in') enter()
    else if (answer.status === 'second_factor')
      show(secondFactorCard(parley, answer, { done: options.done, restart: (notice) => begin('login', notice, email) }))
    else
      show(
        lookForMail(
          'One more step: your mail',
          email,
          'To make the account yours, follow the link that is on its way to',
        ),
      )
  }

  async function signIn(mode: Mode, value: (name: string) => string): Promise<void> {
    const credentials = { email: value('email').trim(), password: value('password') }
    const profile = { ...credentials, name: value('name').trim() }
    if (setup) {
      await parley.auth.setUp({ token: setup, ...profile })
      forgetToken()
      return enter()
    }
    try {
      const answer = mode === 'register' ? parley.auth.register(profile) : parley.auth.login(credentials)
      goOn(await answer, credentials.email)
    } catch (error) {
      if (!(error instanceof ParleyError) || error.code !== 'EMAIL_UNVERIFIED') throw error
      show(unconfirmed(parley, credentials.email))
    }
  }

  function formFor(mode: Mode, notice: string | undefined, email: string | undefined): HTMLElement {
    const isNew = mode === 'register'
    const password: FieldSpec = isNew
      ? { ...FIELDS.newPassword, label: 'Password' }
      : { ...FIELDS.currentPassword, name: 'password', label: 'Password' }
    const form = formView({
      id: 'sign-in',
      fields: [...(isNew ? [NAME] : []), { ...FIELDS.email, ...(email && { value: email }) }, password],
      submit: isNew ? 'Create account' : 'Sign in',
      advice: setup ? SETUP_ADVICE : {},
      send: (value) => signIn(mode, value),
      after: [
        !isNew && h('a', { class: 'small-link', href: '/account/forgot' }, 'Forgotten your password?'),
        !setup && otherWays(parley, options.done, (text) => form.complain(text)),
        !setup && switchTo(isNew ? 'login' : 'register', () => form.value('email')),
      ],
    })
    if (notice) form.complain(notice)
    const title = setup ? 'Create the administrator' : isNew ? 'Create your account' : 'Sign in'
    return card(title, options.intro, form.element)
  }

  const switchTo = (mode: Mode, email: () => string): HTMLElement =>
    h(
      'button',
      { type: 'button', class: 'link', onClick: () => begin(mode, undefined, email() || undefined) },
      mode === 'login' ? 'I have an account already' : 'I am new here',
    )

  begin(setup ? 'register' : (options.mode ?? 'register'), options.notice)
  return stage
}

/** The signed-out page: what this is, and a card to create an account or sign in. */
export function signInView(parley: Parley, options: SignInOptions): HTMLElement {
  return h(
    'main',
    { id: 'content', class: 'welcome', tabindex: -1 },
    h(
      'section',
      { class: 'pitch' },
      h('h1', {}, 'Talk with your code, and about it.'),
      h(
        'p',
        { class: 'lead' },
        'Parley is your own server for conversations with people and an assistant, over your code and documents.',
      ),
      h(
        'ol',
        { class: 'steps' },
        ...STEPS.map(([name, title, text]) =>
          h('li', {}, icon(name), h('div', {}, h('strong', {}, title), h('p', {}, text))),
        ),
      ),
    ),
    signInCard(parley, options),
  )
}
