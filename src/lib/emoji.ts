/** What Unicode recommends for general interchange as one emoji, sequences included (UTS 51, RGI_Emoji). */
const RGI = '^\\p{RGI_Emoji}$'
const ONE_EMOJI = new RegExp(RGI, 'v')
/** Makes a character that can be text or picture a picture (UTS 51, emoji presentation selector). */
const AS_PICTURE = '\uFE0F'

/**
 * One emoji in its one spelling: the heart with and without its selector is the same reaction.
 * @returns undefined for a text that is not exactly one emoji
 */
export function normalEmoji(text: string): string | undefined {
  const bare = text.replaceAll(AS_PICTURE, '')
  const spellings = [text, bare, `${bare}${AS_PICTURE}`, `${bare.slice(0, 1)}${AS_PICTURE}${bare.slice(1)}`]
  return spellings.find((spelling) => ONE_EMOJI.test(spelling))
}
