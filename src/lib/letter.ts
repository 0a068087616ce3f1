import { escapeHtml } from './html.ts'

/** What a letter says. Plain text everywhere: it is escaped where it needs to be. */
export interface LetterContent {
  subject: string
  /** Paragraphs before the button. */
  paragraphs: readonly string[]
  /** The one thing to do: an http(s) link. */
  action?: { label: string; url: string }
  /** A code to type in instead of a link. */
  code?: string
  /** Small print: why it came, what to do when it was not asked for. */
  footer?: string
}

/** A letter in both of its forms. */
export interface Letter {
  subject: string
  text: string
  html: string
  link: string | undefined
}

/** One line: what others chose (names of people and workspaces) must neither break headers nor run on. */
const oneLine = (text: string) => text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').trim()

const paragraph = (text: string) => `<p style="margin:0 0 16px">${escapeHtml(text)}</p>`
const button = ({ label, url }: { label: string; url: string }) =>
  `<p style="margin:0 0 16px"><a href="${escapeHtml(url)}" style="display:inline-block;padding:10px 18px;border-radius:6px;background:#1f5eff;color:#fff;text-decoration:none">${escapeHtml(label)}</a></p>` +
  `<p style="margin:0 0 16px;font-size:13px;color:#555">Or open this address: <br>${escapeHtml(url)}</p>`
const bigCode = (code: string) =>
  `<p style="margin:0 0 16px;font:600 24px/1.4 monospace;letter-spacing:2px">${escapeHtml(code)}</p>`

/** Sets a letter as plain text and as simple HTML without images, scripts or remote content. */
export function letter({ subject, paragraphs, action, code, footer }: LetterContent): Letter {
  const head = oneLine(subject)
  const texts = paragraphs.map(oneLine)
  const text = [
    ...texts,
    ...(action ? [`${oneLine(action.label)}:\n${action.url}`] : []),
    ...(code ? [code] : []),
    ...(footer ? [`-- \n${oneLine(footer)}`] : []),
  ]
  const html = [
    ...texts.map(paragraph),
    ...(action ? [button({ label: oneLine(action.label), url: action.url })] : []),
    ...(code ? [bigCode(code)] : []),
    ...(footer ? [`<p style="margin:24px 0 0;font-size:13px;color:#555">${escapeHtml(oneLine(footer))}</p>`] : []),
  ]
  return {
    subject: head,
    text: `${text.join('\n\n')}\n`,
    html: `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${escapeHtml(head)}</title></head><body style="margin:0;padding:24px;font:16px/1.5 system-ui,sans-serif;color:#111"><div style="max-width:560px;margin:0 auto">${html.join('')}</div></body></html>`,
    link: action?.url,
  }
}
