import type { Citation } from '../../contracts/messages.ts'
import type { Model, ModelEvent, ModelPassage, ModelRequest } from '../../contracts/model.ts'
import { quoteOf } from './quote.ts'

/** How many passages an answer quotes at most, and how many of one file. */
const MAX_QUOTES = 4
const MAX_PER_FILE = 2
/** A passage that is this much worse than the best one is left out. */
const FAR_BEHIND = 0.4
/** Characters of one delta. */
const PIECE = 48

/**
 * The model without a model: quotes what was found, says where it stands, and says plainly when nothing was. It never words an
 * answer of its own, so that everything it says can be looked up.
 */
export function createBuiltInModel(): Model {
  return {
    name: 'built-in',
    metered: false,
    async *reply(request, signal) {
      const { text, citations } = compose(request)
      for (const piece of pieces(text)) {
        signal.throwIfAborted()
        yield { type: 'delta', text: piece }
        // Lets other work in between: several replies stream side by side.
        await new Promise((resolve) => setImmediate(resolve))
      }
      signal.throwIfAborted()
      for (const citation of citations) yield { type: 'citation', citation } satisfies ModelEvent
    },
  }
}

function compose(request: ModelRequest): { text: string; citations: Citation[] } {
  const quotes = choose(request.passages)
  if (quotes.length === 0) return { text: request.smallTalk ? glue(request) : nothing(request), citations: [] }
  const { files } = request.searched
  const places = quotes.length === 1 ? 'one place' : `${quotes.length} places`
  const lead = `I found this in ${places} of your ${files === 1 ? 'file' : `${files} files`}, quoted as it stands:`
  const parts = quotes.map(({ passage, citation }, index) => {
    const lines =
      citation.startLine === citation.endLine
        ? `line ${citation.startLine}`
        : `lines ${citation.startLine}-${citation.endLine}`
    const name = passage.symbol ? `, \`${passage.symbol}\`` : passage.heading ? `, ${passage.heading}` : ''
    return `**[${index + 1}]** \`${citation.path}\`, ${lines}${name}\n\n${fenced(citation.quote, passage)}`
  })
  return { text: [lead, ...parts].join('\n\n'), citations: quotes.map(({ citation }) => citation) }
}

function choose(passages: readonly ModelPassage[]): { passage: ModelPassage; citation: Citation }[] {
  const chosen: { passage: ModelPassage; citation: Citation }[] = []
  const best = passages[0]?.score ?? 0
  for (const passage of passages) {
    if (chosen.length === MAX_QUOTES || passage.score < best * FAR_BEHIND) break
    const citation = quoteOf(passage)
    const ofFile = chosen.filter(
      (one) => one.citation.path === passage.path && one.citation.uploadId === passage.uploadId,
    )
    if (!citation || ofFile.length >= MAX_PER_FILE) continue
    const overlaps = ofFile.some(
      ({ citation: other }) => other.startLine <= citation.endLine && citation.startLine <= other.endLine,
    )
    if (!overlaps) chosen.push({ passage, citation })
  }
  return chosen
}

function nothing({ question, searched }: ModelRequest): string {
  if (searched.files === 0) {
    return 'There is nothing here yet that I could answer from: this workspace has no analysed files. Upload code or documents, have them analysed, and ask again.'
  }
  const asked = question.trim().replace(/\s+/g, ' ')
  const short = asked.length > 120 ? `${asked.slice(0, 117)}...` : asked
  const where = searched.files === 1 ? 'the one file' : `the ${searched.files} files`
  return `I found nothing about "${short}" in ${where} of this workspace. Names of functions, files or headings help me most.`
}

function glue({ smallTalk, searched }: ModelRequest): string {
  const files = searched.files === 0 ? 'No files are analysed here yet.' : `${searched.files} files are analysed here.`
  if (smallTalk === 'thanks') return 'You are welcome.'
  if (smallTalk === 'greeting')
    return `Hello. Ask me about the files of this workspace, and I quote what they say. ${files}`
  return `I am the built-in assistant: I search this workspace's code and documents and quote what I find, with file and lines. I make nothing up, and I say so when I find nothing. ${files}`
}

/** A quotation in Markdown: code in a fence that its own backticks cannot end, prose as a block quote. */
function fenced(quote: string, { kind, path }: ModelPassage): string {
  if (kind === 'doc') return quote.replace(/^/gm, '> ')
  const longest = Math.max(2, ...[...quote.matchAll(/`+/g)].map(([run]) => run.length))
  const fence = '`'.repeat(longest + 1)
  return `${fence}${/\.(\w{1,10})$/.exec(path)?.[1] ?? ''}\n${quote}\n${fence}`
}

/** Pieces of about the same size, cut between words; joined they are the text again. */
function* pieces(text: string): Generator<string> {
  for (let from = 0; from < text.length; ) {
    const space = text.indexOf(' ', from + PIECE)
    const line = text.indexOf('\n', from + PIECE)
    const ends = [space, line].filter((at) => at >= 0)
    const to = ends.length === 0 ? text.length : Math.min(...ends) + 1
    yield text.slice(from, to)
    from = to
  }
}
