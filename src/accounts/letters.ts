import { type Letter, letter } from '../lib/letter.ts'

const IGNORE = 'You did not ask for this? Then ignore this mail: nothing changes.'
const ALARM =
  'That was not you? Then choose a new password at once and look at your sessions: somebody else has been in your account.'

/** Makes the letters of accounts. `origin` is what their links begin with. Tokens are in the fragment of a link: no server ever sees them in a log. */
export function createLetters(origin: string) {
  const page = (name: string, token: string) => `${origin}/account/${name}#token=${token}`
  const notice = (subject: string, ...paragraphs: string[]): Letter => letter({ subject, paragraphs, footer: ALARM })

  return {
    verify: (token: string): Letter =>
      letter({
        subject: 'Confirm your email',
        paragraphs: ['Confirm that this is your email address. The link is good for an hour, once.'],
        action: { label: 'Confirm this address', url: page('verify', token) },
        footer: IGNORE,
      }),
    change: (token: string): Letter =>
      letter({
        subject: 'Confirm your new email',
        paragraphs: [
          'Confirm that your account shall use this address from now on. The link is good for an hour, once.',
        ],
        action: { label: 'Use this address', url: page('verify', token) },
        footer: IGNORE,
      }),
    taken: (): Letter =>
      letter({
        subject: 'You have an account already',
        paragraphs: [
          'Somebody, probably you, wanted to use this address for an account, but there is one with it already.',
          'Sign in with it. If you have forgotten its password, ask for a new one there.',
        ],
        action: { label: 'Sign in', url: `${origin}/` },
        footer: IGNORE,
      }),
    reset: (token: string): Letter =>
      letter({
        subject: 'Choose a new password',
        paragraphs: ['Choose a new password for your account. The link is good for half an hour, once.'],
        action: { label: 'Choose a password', url: page('reset', token) },
        footer: IGNORE,
      }),
    passwordChanged: (): Letter =>
      notice(
        'Your password was changed',
        'The password of your account was changed, and all of its sessions were ended.',
      ),
    factorAdded: (what: string): Letter =>
      notice(`${what} was added to your account`, `From now on you can sign in with ${what.toLowerCase()}.`),
    factorRemoved: (what: string): Letter =>
      notice(`${what} was removed from your account`, `${what} is no longer asked for, and no longer accepted.`),
    emailChanged: (to: string): Letter =>
      notice(
        'Your email was changed',
        `Your account uses the address ${to} from now on. This one is not part of it any more.`,
      ),
  }
}

/** See {@link createLetters}. */
export type Letters = ReturnType<typeof createLetters>
