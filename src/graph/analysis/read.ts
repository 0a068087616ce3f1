import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { extractJavaScript } from './javascript/extract.ts'
import { isBinary, isGenerated, isLockFile, isMinified, languageOf } from './languages.ts'
import { countLines, lineStarts } from './lines.ts'
import { extractMarkdown } from './markdown/extract.ts'
import { codePassages, textPassages } from './passages.ts'
import { extractPython } from './python/extract.ts'
import type { PythonParser } from './python/parse.ts'
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
}

/** Beyond these sizes a text file is a node without passages: nobody quotes a megabyte of JSON. */
const MAX_PLAIN_TEXT = 256 * 1024

/** Reads files below `root` one at a time and extracts their facts. `python` is loaded on first use. */
export function createReader(root: string, maxFileBytes: number, python: () => Promise<PythonParser>): Reader {
  const extract = async (path: string, text: string): Promise<FileFacts> => {
    const language = languageOf(path)
    if (language === 'typescript' || language === 'javascript')
      return withPassages(extractJavaScript(path, text, language), text)
    if (language === 'python') return withPassages(extractPython(await python(), text), text)
    if (language === 'markdown') return extractMarkdown(path, text)
    const starts = lineStarts(text)
    const facts = emptyFacts(language, countLines(text, starts))
    const isPlain = language !== 'unknown' && text.length <= MAX_PLAIN_TEXT && !isLockFile(path)
    if (isPlain) facts.passages = textPassages(facts, text, starts)
    return facts
  }
  return {
    async read({ path, size, location = path }) {
      const result: ReadFile = { path, size, hash: undefined, facts: undefined, notes: [] }
      if (size > maxFileBytes) {
        result.notes.push({ code: 'too-large', detail: `${size} bytes; the limit is ${maxFileBytes}` })
        return result
      }
      const bytes = await readFile(join(root, location)).catch(() => undefined)
      if (bytes === undefined) {
        result.notes.push({ code: 'unreadable', detail: 'The file could not be read' })
        return result
      }
      result.hash = createHash('sha256').update(bytes).digest('hex')
      if (isBinary(bytes)) {
        result.notes.push({ code: 'binary', detail: 'Not a text file' })
        return result
      }
      const text = bytes.toString('utf8')
      const skip = skipReason(path, text)
      if (skip) {
        result.notes.push(skip)
        result.facts = emptyFacts(languageOf(path), countLines(text, lineStarts(text)))
        return result
      }
      try {
        result.facts = await extract(path, text)
        result.notes.push(...result.facts.notes)
      } catch (error) {
        result.facts = emptyFacts(languageOf(path), countLines(text, lineStarts(text)))
        const detail = error instanceof RangeError ? 'Nested too deeply' : 'The parser failed'
        result.notes.push({ code: 'unparsable', detail })
      }
      return result
    },
  }
}

function withPassages(facts: FileFacts, text: string): FileFacts {
  facts.passages = codePassages(facts, text, lineStarts(text))
  return facts
}

function skipReason(path: string, text: string): Note | undefined {
  const isCode = ['typescript', 'javascript', 'python', 'css'].includes(languageOf(path))
  if (!isCode) return undefined
  if (isMinified(path, text)) return { code: 'minified', detail: 'Minified code is not analysed' }
  if (isGenerated(text)) return { code: 'generated', detail: 'Marked as generated' }
  return undefined
}
