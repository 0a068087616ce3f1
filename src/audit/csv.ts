/** A text that a spreadsheet would run as a formula, by its first character (OWASP CSV injection). */
const FORMULA = /^[=+\-@\t\r]/
const QUOTED = /[",\r\n]/

/** A field of a CSV file (RFC 4180) that no spreadsheet takes for a formula: what begins like one gets an apostrophe before it. */
export function csvField(value: string | null): string {
  const text = value ?? ''
  const safe = FORMULA.test(text) ? `'${text}` : text
  return QUOTED.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

/** A line of a CSV file, with its end. */
export const csvLine = (fields: readonly (string | null)[]): string => `${fields.map(csvField).join(',')}\r\n`
