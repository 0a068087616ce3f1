/** The token of a link behind `#`, which browsers send to nobody: `#setup=<token>`, `#invitation=<token>`, `#token=<token>`. */
export const tokenInUrl = (name: 'setup' | 'invitation' | 'token' | 'code' | 'error'): string | null =>
  new URLSearchParams(location.hash.slice(1)).get(name)

/** Takes a used token out of the address and of the history. */
export const forgetToken = (path = location.pathname): void => history.replaceState(null, '', path)
