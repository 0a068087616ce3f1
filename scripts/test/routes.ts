import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RouteRecord } from '../../test/helpers/route-record.ts'

const key = ({ method, url }: RouteRecord) => `${method} ${url}`

/** All that the tests noted in `dir`, one row a route. */
function gather(dir: string): Map<string, RouteRecord> {
  const all = new Map<string, RouteRecord>()
  for (const name of readdirSync(dir)) {
    for (const row of JSON.parse(readFileSync(join(dir, name), 'utf8')) as RouteRecord[]) {
      const known = all.get(key(row))
      all.set(key(row), { ...row, statuses: [...new Set([...(known?.statuses ?? []), ...row.statuses])] })
    }
  }
  return all
}

function missing({ auth, input, record, statuses }: RouteRecord): string[] {
  const rows: string[] = []
  if (!statuses.some((status) => status < 400)) rows.push('a success')
  if (input && !statuses.some((status) => status === 400 || status === 422)) rows.push('a 400')
  if (auth !== 'public' && !statuses.includes(401)) rows.push('a 401')
  if (auth === 'admin' && !statuses.includes(403)) rows.push('a 403')
  if (record && !statuses.includes(404)) rows.push('a 404')
  return rows
}

/** Routes that the tests did not ask in every way they must be asked: `METHOD url: what is missing`. */
export function untestedRoutes(dir: string): { seen: number; faults: string[] } {
  const all = gather(dir)
  const faults = [...all.values()].map((row) => ({ row, rows: missing(row) })).filter(({ rows }) => rows.length > 0)
  return { seen: all.size, faults: faults.map(({ row, rows }) => `${key(row)}: ${rows.join(', ')}`).sort() }
}
