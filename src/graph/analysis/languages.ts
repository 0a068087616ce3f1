/** Which language a path is in, and which files are not worth (or not safe) to parse. */

const BY_EXTENSION: Record<string, string> = {
  ts: 'typescript',
  mts: 'typescript',
  cts: 'typescript',
  tsx: 'typescript',
  js: 'javascript',
  mjs: 'javascript',
  cjs: 'javascript',
  jsx: 'javascript',
  py: 'python',
  pyi: 'python',
  pyw: 'python',
  md: 'markdown',
  markdown: 'markdown',
  mdx: 'markdown',
  txt: 'text',
  rst: 'text',
  adoc: 'text',
  json: 'json',
  jsonc: 'json',
  yml: 'yaml',
  yaml: 'yaml',
  toml: 'toml',
  ini: 'ini',
  cfg: 'ini',
  sh: 'shell',
  bash: 'shell',
  zsh: 'shell',
  ksh: 'shell',
  sql: 'sql',
  html: 'html',
  htm: 'html',
  pdf: 'pdf',
  docx: 'docx',
  xml: 'xml',
  css: 'css',
  scss: 'css',
  less: 'css',
  go: 'go',
  rs: 'rust',
  java: 'java',
  c: 'c',
  h: 'c',
  cpp: 'cpp',
  cc: 'cpp',
  cxx: 'cpp',
  hpp: 'cpp',
  hh: 'cpp',
  hxx: 'cpp',
  inl: 'cpp',
  ipp: 'cpp',
  cs: 'csharp',
  php: 'php',
  rb: 'ruby',
  rake: 'ruby',
  gemspec: 'ruby',
  ru: 'ruby',
  graphql: 'graphql',
  proto: 'protobuf',
  vue: 'vue',
  svelte: 'svelte',
}

const BY_NAME: Record<string, string> = {
  Dockerfile: 'dockerfile',
  Makefile: 'makefile',
  LICENSE: 'text',
  CHANGELOG: 'text',
  README: 'text',
  Gemfile: 'ruby',
  Rakefile: 'ruby',
}

/** What the first line of a script says it is run by (execve(2)): programs by the beginning of their names. */
const BY_INTERPRETER: [program: RegExp, language: string][] = [
  [/^(?:ts-node|tsx)/, 'typescript'],
  [/^(?:node|nodejs|deno|bun|zx)\b/, 'javascript'],
  [/^python/, 'python'],
  [/^(?:ba|da|z|k|a)?sh\b/, 'shell'],
  [/^ruby/, 'ruby'],
  [/^php/, 'php'],
]

/** Folders that hold other people's or generated files: recorded as one folder node, never walked into. */
const IGNORED_FOLDERS = new Set([
  'node_modules',
  '.git',
  '.hg',
  '.svn',
  '.venv',
  'venv',
  '__pycache__',
  '.tox',
  '.mypy_cache',
  '.pytest_cache',
  '.nyc_output',
  '.tap',
  '.next',
  '.turbo',
  '.cache',
  'bower_components',
  '__MACOSX',
])

/** Files whose text is of no use to a reader: lock files and the like. */
const UNINTERESTING =
  /(?:^|\/)(?:package-lock\.json|npm-shrinkwrap\.json|pnpm-lock\.yaml|yarn\.lock|poetry\.lock|uv\.lock|Cargo\.lock|composer\.lock|go\.sum)$/

/** Language of a file by its extension or name, of one without extension by its first line; 'unknown' where none of them tells. */
export function languageOf(path: string, text = ''): string {
  const name = path.slice(path.lastIndexOf('/') + 1)
  const byName = BY_NAME[name]
  if (byName) return byName
  const dot = name.lastIndexOf('.')
  if (dot > 0) return BY_EXTENSION[name.slice(dot + 1).toLowerCase()] ?? 'unknown'
  const program = interpreterOf(text)
  return BY_INTERPRETER.find(([pattern]) => pattern.test(program))?.[1] ?? 'unknown'
}

/** The program that a `#!` line names, '' without one; `env` and `npx` with their options and settings are looked through. */
function interpreterOf(text: string): string {
  const line = /^#![ \t]*([^\r\n]*)/.exec(text)?.[1] ?? ''
  const words = line.split(/[ \t]+/).map((word) => word.slice(word.lastIndexOf('/') + 1))
  return words.find((word) => !/^-|=|^(?:env|npx)$/.test(word)) ?? ''
}

/** The ignored folder that a path lies in, with its path, or undefined. */
export function ignoredFolder(path: string): string | undefined {
  const parts = path.split('/')
  for (let i = 0; i < parts.length - 1; i++) {
    if (IGNORED_FOLDERS.has(parts[i] as string)) return parts.slice(0, i + 1).join('/')
  }
  return undefined
}

/** Whether the file is a lock file: a node, without text passages. */
export function isLockFile(path: string): boolean {
  return UNINTERESTING.test(path)
}

/** Whether bytes are not text: a NUL in the first 8,000 bytes (the rule git uses) or a UTF-16 mark. */
export function isBinary(bytes: Uint8Array): boolean {
  const end = Math.min(bytes.length, 8000)
  for (let i = 0; i < end; i++) if (bytes[i] === 0) return true
  return false
}

/** Longer lines are looked at: either there are many of them, or they hold most of a file that is packed. */
const LONG_LINE = 400
/** Packed code calls something every forty characters or so, some every four hundred; data in one line (tables of names, images) hardly ever. */
const CHARACTERS_PER_CALL = 1000

/**
 * Whether text is machine-packed: a named `.min.` file, or code in lines so long that nobody wrote them. TypeScript has those in unions, and inline source
 * maps are no code.
 */
export function isMinified(path: string, text: string): boolean {
  if (/[.-]min\.(?:js|mjs|cjs|css)$/.test(path)) return true
  if (text.length < 5000 || /\.[cm]?tsx?$/.test(path)) return false
  const isStyle = /\.(?:css|scss|less)$/.test(path)
  let [lines, size, longest, long, calls] = [0, 0, 0, 0, 0]
  for (let at = 0; at <= text.length; ) {
    const found = text.indexOf('\n', at)
    const end = found === -1 ? text.length : found
    if (!/^\s*(?:\/\/|\/\*)# sourceMappingURL=data:/.test(text.slice(at, Math.min(end, at + 100)))) {
      const length = end - at
      lines++
      size += length + 1
      longest = Math.max(longest, length)
      if (length > LONG_LINE) {
        long += length
        calls += callsIn(text, at, end)
      }
    }
    at = end + 1
  }
  const isPacked = size / lines > LONG_LINE || (longest > 20_000 && longest > size / 2)
  return isPacked && (isStyle || calls * CHARACTERS_PER_CALL > long)
}

const OPENING = '('.charCodeAt(0)

function callsIn(text: string, start: number, end: number): number {
  let found = 0
  for (let at = start; at < end; at++) if (text.charCodeAt(at) === OPENING) found++
  return found
}

/** Whether the head of the file says that a program wrote it. */
export function isGenerated(text: string): boolean {
  return /^[^\n]*(?:@generated\b|Code generated by .* DO NOT EDIT|DO NOT EDIT[^\n]*generated|This file (?:is|was) (?:auto-?|automatically )generated)/im.test(
    text.slice(0, 1000),
  )
}
