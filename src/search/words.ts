/** What was typed into a search, taken apart. */
export interface SearchWords {
  /** The words that are looked for, phrases among them. */
  text: string
  /** Phrases that have to be there. */
  phrases: string[]
  /** Words and phrases that must not be there. */
  without: string[]
}

/** Takes a query apart: `words "a phrase" -without -"a phrase"`. Whatever else stands there is text. */
export function parseWords(query: string): SearchWords {
  const words: SearchWords = { text: '', phrases: [], without: [] }
  const kept = query.replace(
    /(^|\s)(-?)(?:"([^"]+)"|(\S+))/g,
    (whole, space: string, minus: string, phrase?: string) => {
      const what = phrase ?? whole.trim().slice(minus.length)
      if (minus === '') {
        if (phrase !== undefined) words.phrases.push(phrase)
        return `${space}${what}`
      }
      if (!/[\p{L}\p{N}]/u.test(what)) return whole
      words.without.push(what)
      return space
    },
  )
  return { ...words, text: kept.trim() }
}
