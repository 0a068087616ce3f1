import { createServer } from 'node:http'
import Provider, { type Configuration } from 'oidc-provider'
import type { Test } from 'tap'

/** Somebody who has an account at the provider. */
export interface ProviderPerson {
  sub: string
  email?: string
  email_verified?: boolean
  name?: string
}

const CLIENT = { client_id: 'parley', client_secret: 'the-secret-of-this-client' }

/**
 * A real OpenID provider on loopback (npm oidc-provider), closed with the test, which signs in without asking whoever `who` says. `browse` is
 * a browser: it follows an authorization URL with cookies of its own to where the provider sends it back.
 */
export async function oidcProvider(t: Test, redirectUri: string) {
  const who: { person: ProviderPerson; deny?: boolean } = { person: { sub: 'nobody' } }
  const people = new Map<string, ProviderPerson>()
  const server = createServer((request, response) => void serve(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const issuer = `http://127.0.0.1:${port}`
  const configuration: Configuration = {
    clients: [
      { ...CLIENT, redirect_uris: [redirectUri], grant_types: ['authorization_code'], response_types: ['code'] },
    ],
    claims: { email: ['email', 'email_verified'], profile: ['name'] },
    features: { devInteractions: { enabled: false } },
    pkce: { required: () => true },
    cookies: { keys: ['keys of the test'] },
    interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_ctx, id) => ({ accountId: id, claims: () => ({ ...people.get(id), sub: id }) }),
    async loadExistingGrant(ctx) {
      const grant = new ctx.oidc.provider.Grant({
        clientId: ctx.oidc.client?.clientId ?? '',
        accountId: ctx.oidc.session?.accountId ?? '',
      })
      grant.addOIDCScope('openid email profile')
      await grant.save()
      return grant
    },
  }
  const provider = new Provider(issuer, configuration)
  const answer = provider.callback()

  async function serve(...[request, response]: Parameters<typeof answer>): Promise<void> {
    if (!request.url?.startsWith('/interaction/')) return answer(request, response)
    const { person, deny } = who
    people.set(person.sub, person)
    const result = deny ? { error: 'access_denied' } : { login: { accountId: person.sub, remember: false } }
    await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false })
  }

  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return {
    issuer,
    ...CLIENT,
    /** Who signs in next, or that they refuse. */
    signsIn: (person: ProviderPerson, deny = false) => void Object.assign(who, { person, deny }),
    async browse(url: string): Promise<URL> {
      const cookies = new Map<string, string>()
      for (let at = url; ; ) {
        if (at.startsWith(redirectUri)) return new URL(at)
        const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
        const found = await fetch(at, { redirect: 'manual', headers: { cookie } })
        for (const line of found.headers.getSetCookie()) {
          const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
          cookies.set(name, value)
        }
        const location = found.headers.get('location')
        if (location === null) throw new Error(`the provider answers ${found.status}: ${await found.text()}`)
        at = new URL(location, at).href
      }
    },
  }
}
