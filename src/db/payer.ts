import type { Database } from './database.ts'

/**
 * SQL that joins who pays for a user `u`: nobody (`p.id` is null) for a person, the owner of its workspace for a service account. Its tier is
 * {@link TIER}. The one place for it: several service accounts never have more than the one who owns their workspace.
 */
export const PAYER = `
  left join service_accounts sa on sa.user_id = u.id
  left join workspace_members pm on pm.workspace_id = sa.workspace_id and pm.role = 'owner'
  left join users p on p.id = pm.user_id`
/** SQL of the tier of a user `u`, behind {@link PAYER}. */
export const TIER = 'coalesce(p.tier, u.tier)'

/** Ids of the service accounts for which somebody pays: those of the workspaces that are theirs. */
export async function paidBy({ sql }: Pick<Database, 'sql'>, userId: string): Promise<string[]> {
  const rows = await sql<{ id: string }[]>`
    select sa.user_id as id from service_accounts sa
    join workspace_members pm on pm.workspace_id = sa.workspace_id and pm.role = 'owner'
    where pm.user_id = ${userId}`
  return rows.map(({ id }) => id)
}
