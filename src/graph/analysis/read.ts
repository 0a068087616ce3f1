import { createHash } from 'node:crypto'
import type { Contents } from './contents.ts'
import { extractHtml } from './documents/html.ts'
import { extractDocx, extractPdf } from './documents/office.ts'
import { extractStyles } from './documents/styles.ts'
import { extractWithGrammar } from './grammars/extract.ts'
import { SPECS } from './grammars/languages/index.ts'
import type { Grammar } from './grammars/parser.ts'
import { createGrammar } from './grammars/parser.ts'
import type { Spec } from './grammars/spec.ts'
import { extractComponent } from './javascript/component.ts'
import { extractJavaScript } from './javascript/extract.ts'
import { lexicalFacts } from './javascript/lexical.ts'
import { isBinary, isGenerated, isLockFile, isMinified, languageOf } from './languages.ts'
import { countLines, lineStarts } from './lines.ts'
import { extractMarkdown } from './markdown/extract.ts'
import { codePassages, textPassages } from './passages.ts'
import { extractPython } from './python/extract.ts'
import { createPythonParser, type PythonParser } from './python/parse.ts'
import type { FileFacts, InputFile, Note } from './types.ts'
import { emptyFacts } from './types.ts'

/** What reading one file gave: facts where it could be analysed, the notes in any case. */
export interface ReadFile {
  path: string
  size: number
  hash: string | undefined
  facts: FileFacts | undefined
  notes: Note[]
}

export interface Reader {
  read: (file: InputFile) => Promise<ReadFile>
  /** SHA-256 of a file that would be read; undefined where it is too large, or not readable. */
  hash: (file: InputFile) => string | undefined
}

/** Beyond these sizes a text file is a node without passages: nobody quotes a megabyte of JSON. */
const MAX_PLAIN_TEXT = 256 * 1024

/** What was loaded stays with the thread, which may read another source after this one. */
const grammars = new Map<string, Promise<Grammar>>()
let pythonParser: Promise<PythonParser> | undefined

function grammar(language: string): Promise<Grammar> {
  const spec = SPECS[language] as Spec
  const loaded = grammars.get(spec.grammar) ?? createGrammar(spec.grammar, spec.query, spec)
  grammars.set(spec.grammar, loaded)
  return loaded
}

function python(): Promise<PythonParser> {
  pythonParser ??= createPythonParser()
  return pythonParser
}

/** Reads files one at a time and extracts their facts. Grammars are loaded on first use. */
export function createReader(contents: Contents, maxFileBytes: number): Reader {
  const extract = async (path: string, text: string, language: string): Promise<FileFacts> => {
    if (language === 'typescript' || language === 'javascript')
      return withPassages(extractJavaScript(path, text, language), text)
    if (language === 'python') return withPassages(extractPython(await python(), text), text)
    if (language === 'markdown') return extractMarkdown(path, text)
    if (language === 'vue' || language === 'svelte') return withPassages(extractComponent(path, text, language), text)
    if (language === 'html') return extractHtml(text)
    if (/\.(?:scss|less)$/i.test(path)) return withPassages(extractStyles(text), text)
    const spec = SPECS[language]
    if (spec) return withPassages(extractWithGrammar(await grammar(language), spec, language, text), text)
    const starts = lineStarts(text)
    const facts = emptyFacts(language, countLines(text, starts))
    const isPlain = language !== 'unknown' && text.length <= MAX_PLAIN_TEXT && !isLockFile(path)
    if (isPlain) facts.passages = textPassages(facts, text, starts)
    return facts
  }
  return {
    hash(file) {
      if (file.size > maxFileBytes) return undefined
      if (file.hash !== undefined) return file.hash
      const bytes = contents.read(file)
      return bytes && digest(bytes)
    },
    async read(file) {
      const { path, size } = file
      const result: ReadFile = { path, size, hash: undefined, facts: undefined, notes: [] }
      if (size > maxFileBytes) {
        result.notes.push({ code: 'too-large', detail: `${size} bytes; the limit is ${maxFileBytes}` })
        return result
      }
      const bytes = contents.read(file)
      if (bytes === undefined) {
        result.notes.push({ code: 'unreadable', detail: 'The file could not be read' })
        return result
      }
      result.hash = file.hash ?? digest(bytes)
      if (DOCUMENTS[languageOf(path)]) return readDocument(result, bytes)
      if (isBinary(bytes)) {
        result.notes.push({ code: 'binary', detail: 'Not a text file' })
        return result
      }
      const text = bytes.toString('utf8')
      const language = languageOf(path, text)
      const machine = machineMade(path, text, language)
      if (machine) result.notes.push(machine)
      try {
        const isOpaque = machine?.code === 'minified' && language !== 'javascript' && language !== 'typescript'
        const facts = isOpaque
          ? emptyFacts(language, countLines(text, lineStarts(text)))
          : await extract(path, text, language)
        result.facts = machine ? plainly(facts, machine) : facts
        result.notes.push(...result.facts.notes)
      } catch (error) {
        const isScript = language === 'javascript' || language === 'typescript'
        result.facts = isScript
          ? lexicalFacts(text, language)
          : emptyFacts(language, countLines(text, lineStarts(text)))
        const detail = error instanceof RangeError ? 'Nested too deeply' : 'The parser failed'
        if (machine === undefined) result.notes.push({ code: 'unparsable', detail })
      }
      return result
    },
  }
}

const digest = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

const DOCUMENTS: Record<string, (bytes: Buffer) => Promise<FileFacts>> = { pdf: extractPdf, docx: extractDocx }

/** Documents that are no text: their text is taken out of them. */
async function readDocument(result: ReadFile, bytes: Buffer): Promise<ReadFile> {
  const language = languageOf(result.path)
  try {
    result.facts = await DOCUMENTS[language]?.(bytes)
  } catch (error) {
    result.facts = emptyFacts(language, 0)
    const detail = error instanceof RangeError ? error.message : 'The text could not be taken out'
    result.notes.push({ code: 'unparsable', detail })
  }
  return result
}

function withPassages(facts: FileFacts, text: string): FileFacts {
  facts.passages = codePassages(facts, text, lineStarts(text))
  return facts
}

/** Why nobody wants to read the code of a file, though programs run it. */
function machineMade(path: string, text: string, language: string): Note | undefined {
  const isCode =
    ['typescript', 'javascript', 'python', 'css', 'vue'].includes(language) || SPECS[language] !== undefined
  if (!isCode) return undefined
  if (isMinified(path, text)) return { code: 'minified', detail: 'Of minified code only the imports are read' }
  if (isGenerated(text)) return { code: 'generated', detail: 'Marked as generated; its text is not searched' }
  return undefined
}

/** What of such a file is of use: of generated code all but its text, of minified code where it leads. */
function plainly(facts: FileFacts, { code }: Note): FileFacts {
  if (code === 'generated') return { ...facts, passages: [] }
  const { language, lines, imports } = facts
  return { ...emptyFacts(language, lines), imports, opaque: true }
}
