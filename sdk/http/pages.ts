/** One page of a list, as every list of the API answers. */
export type Page<T> = { items: T[]; nextCursor: string | null }

/** Walks all pages of a list, fetching the next one when the reader gets there. */
export async function* allItems<T>(fetchPage: (cursor: string | undefined) => Promise<Page<T>>): AsyncGenerator<T> {
  let cursor: string | undefined
  do {
    const page = await fetchPage(cursor)
    yield* page.items
    cursor = page.nextCursor ?? undefined
  } while (cursor !== undefined)
}
