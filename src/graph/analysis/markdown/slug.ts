/** Heading anchors as GitHub makes them: lower case, punctuation dropped, spaces to hyphens, `-1`, `-2` for repetitions. */
export function createSlugger(): (heading: string) => string {
  const seen = new Map<string, number>()
  return (heading) => {
    const slug = heading
      .trim()
      .toLowerCase()
      .replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '')
      .replaceAll(' ', '-')
    let candidate = slug
    let count = seen.get(slug) ?? 0
    while (seen.has(candidate)) {
      count++
      candidate = `${slug}-${count}`
    }
    seen.set(slug, count)
    seen.set(candidate, seen.get(candidate) ?? 0)
    return candidate
  }
}
