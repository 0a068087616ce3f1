/** A column whose texts are sealed with the key ring: `<table>.<column>` -> how its rows are found, and what each text is bound to. */
export interface SealedColumn {
  /** The primary key. */
  key: readonly string[]
  /** The additional data of a row's seal, made of its primary key: a sealed text opens in its own row only. */
  purpose: (...key: string[]) => string
}

/**
 * The one table of sealed columns. Whoever seals takes its purpose from here, and `parley secrets reencrypt` knows from here what there is;
 * a test compares it with the schema.
 */
export const SEALED = {
  'mails.content': { key: ['id'], purpose: (id) => `mail:${id}` },
  'sessions.previous_answer': { key: ['id'], purpose: (id) => `refresh-answer:${id}` },
  'idempotency_keys.outcome': { key: ['scope', 'key'], purpose: (scope, key) => `idempotency:${scope}:${key}` },
  'idempotency_keys.body': { key: ['scope', 'key'], purpose: (scope, key) => `idempotency:${scope}:${key}` },
  'totp_factors.secret': { key: ['user_id'], purpose: (userId) => `totp:${userId}` },
} as const satisfies Record<string, SealedColumn>

/** Tables and columns of {@link SEALED}. */
export const sealedColumns = (): {
  table: string
  column: string
  key: readonly string[]
  purpose: SealedColumn['purpose']
}[] =>
  Object.entries(SEALED as Record<string, SealedColumn>).map(([name, { key, purpose }]) => {
    const [table = '', column = ''] = name.split('.')
    return { table, column, key, purpose }
  })
