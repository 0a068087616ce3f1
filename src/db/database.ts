import { type ClientOptions, createClient } from './client.ts'
import { createTransactor } from './transaction.ts'

/** Options of {@link createDatabase}. */
export interface DatabaseOptions extends ClientOptions {
  onListenerError: (error: unknown) => void
}

/**
 * The database as features see it: `sql` and `orm` for reads and single statements, `transact` for rows with their events, `onCommitted`
 * for those who deliver what was announced.
 */
export function createDatabase({ onListenerError, ...options }: DatabaseOptions) {
  const client = createClient(options)
  return {
    ...client,
    ...createTransactor(client, onListenerError),
    /**
     * A statement that is asked often: a fixed text with `$1`, `$2` ..., parsed by PostgreSQL once per connection, and a function that
     * makes a record of the columns in their order. Half as costly as the `sql` tag, which puts its pieces together for each call and
     * makes rows of no fixed shape.
     */
    prepared:
      <Columns extends readonly unknown[], Row>(text: string, toRow: (columns: Columns) => Row) =>
      async (...values: (string | number | boolean | null)[]): Promise<Row[]> => {
        const rows = await client.sql.unsafe(text, values, { prepare: true }).values()
        return (rows as unknown as Columns[]).map(toRow)
      },
    /** Whether it answers within the time. */
    async ping(timeoutMs = 2000): Promise<boolean> {
      let timer: NodeJS.Timeout | undefined
      const late = new Promise<false>((resolve) => {
        timer = setTimeout(() => resolve(false), timeoutMs)
      })
      const answer = client.sql`select 1`.then(
        () => true,
        () => false,
      )
      return Promise.race([answer, late]).finally(() => clearTimeout(timer))
    },
    /** Nothing is under way any more when this is called; a connection that PostgreSQL broke off would otherwise be waited for. */
    close: () => client.sql.end({ timeout: 1 }),
  }
}

/** See {@link createDatabase}. */
export type Database = ReturnType<typeof createDatabase>
