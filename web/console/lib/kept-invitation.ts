/**
 * An invitation that waits for its account: in this browser, because the way to an account leads over other sites (an identity provider) and
 * other tabs (the link of a mail). Worth nothing to anybody but whom it was sent to.
 */
const KEY = 'parley.invitation'

export const keepInvitation = (token: string): void => localStorage.setItem(KEY, token)
export const keptInvitation = (): string | null => localStorage.getItem(KEY)
export const dropInvitation = (): void => localStorage.removeItem(KEY)
