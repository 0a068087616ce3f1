import { Ajv } from 'ajv'
import Type, { type Static } from 'typebox'

const text = (description: string, options: object = {}) =>
  Type.String({ minLength: 1, maxLength: 500, description, ...options })

/** One identity provider of OIDC_PROVIDERS. */
export const OidcProvider = Type.Object(
  {
    name: text('As it stands in paths', { pattern: '^[a-z][a-z0-9-]{0,30}$' }),
    label: Type.Optional(text('For people; default: the name')),
    issuer: text('Its issuer URL; https, or http on this machine', {
      pattern: '^(https://[^?#]+|http://(localhost|127\\.0\\.0\\.1|\\[::1\\])(:\\d+)?(/[^?#]*)?)$',
    }),
    clientId: text('The id it gave to this server'),
    clientSecret: Type.Optional(text('The secret it gave to this server; none for a public client')),
    scopes: Type.Optional(text('Default: openid email profile', { pattern: '(^| )openid( |$)' })),
    allowSignUp: Type.Optional(Type.Boolean({ description: 'Whether unknown people get an account; default true' })),
  },
  { additionalProperties: false },
)
export type OidcProvider = Static<typeof OidcProvider>

const validate = new Ajv({ allErrors: true, strict: false, validateSchema: false }).compile<OidcProvider[]>(
  Type.Array(OidcProvider),
)

/** What OIDC_PROVIDERS says, and what is wrong with it. Shows no value: there are secrets in it. */
export function parseOidcProviders(value: string | undefined): { providers: OidcProvider[]; faults: string[] } {
  if (value === undefined) return { providers: [], faults: [] }
  let parsed: unknown
  try {
    parsed = JSON.parse(value)
  } catch {
    return {
      providers: [],
      faults: ['is not JSON: [{"name":"google","issuer":"https://...","clientId":"...","clientSecret":"..."}]'],
    }
  }
  if (!validate(parsed)) {
    const faults = (validate.errors ?? []).map(({ instancePath, message, params }) => {
      const extra = (params as { additionalProperty?: string }).additionalProperty
      return `${instancePath || '/'} ${message}${extra === undefined ? '' : `: ${extra}`}`
    })
    return { providers: [], faults }
  }
  const names = parsed.map(({ name }) => name)
  return new Set(names).size === names.length
    ? { providers: parsed, faults: [] }
    : { providers: [], faults: ['has a name twice'] }
}
