import { fromBuffer } from 'yauzl'
import { countLines, lineStarts } from '../lines.ts'
import { sectionPassages } from '../passages.ts'
import type { FileFacts } from '../types.ts'
import { emptyFacts } from '../types.ts'
import { extractHtml } from './html.ts'

/** What a document may unpack to, bytes. */
const MAX_UNPACKED = 64 * 1024 * 1024
const MAX_PAGES = 2000

/**
 * Facts of a PDF: a section for each page, with its text. Lines are those of the extracted text, as a PDF has none.
 * @throws what the parser throws for a broken or encrypted file
 */
export async function extractPdf(bytes: Uint8Array): Promise<FileFacts> {
  const { extractText, getDocumentProxy } = await import('unpdf')
  const document = await getDocumentProxy(new Uint8Array(bytes), { verbosity: 0, isEvalSupported: false })
  const { text: pages } = await extractText(document, { mergePages: false })
  const texts = pages.slice(0, MAX_PAGES).map((page) => page.trim() || ' ')
  await document.destroy()
  const text = texts.join('\n')
  const starts = lineStarts(text)
  const facts = emptyFacts('pdf', countLines(text, starts))
  let line = 1
  for (const [at, page] of texts.entries()) {
    const endLine = line + (page.match(/\n/g)?.length ?? 0)
    const name = `Page ${at + 1}`
    const section = { kind: 'section' as const, descriptor: `page=${at + 1}`, parent: -1, exported: false }
    facts.symbols.push({ name, ...section, startLine: line, endLine })
    facts.passages.push(...sectionPassages(at, name, line, endLine, text, starts))
    line = endLine + 1
  }
  facts.anchors = texts.map((_page, at) => [`page=${at + 1}`, at])
  return facts
}

/**
 * Facts of a Word document: its headings as sections, with their text. Lines are those of the extracted text.
 * @throws what the parser throws for a broken file, and for one that unpacks to too much
 */
export async function extractDocx(bytes: Buffer): Promise<FileFacts> {
  if ((await unpackedSize(bytes)) > MAX_UNPACKED) throw new RangeError('Unpacks to too much')
  const { default: mammoth } = await import('mammoth')
  const noImages = mammoth.images.imgElement(() => Promise.resolve({ src: '' }))
  const { value } = await mammoth.convertToHtml({ buffer: bytes }, { convertImage: noImages })
  return extractHtml(value.replace(/<(h[1-6]|p|li|tr|table|ul|ol)\b/g, '\n<$1').trim(), 'docx')
}

function unpackedSize(bytes: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    fromBuffer(bytes, { lazyEntries: true }, (error, zip) => {
      if (error) return reject(error)
      let total = 0
      zip.on('entry', (entry: { uncompressedSize: number }) => {
        total += entry.uncompressedSize
        zip.readEntry()
      })
      zip.on('end', () => resolve(total))
      zip.on('error', reject)
      zip.readEntry()
    })
  })
}
