import type { ContentKind } from '../contracts/uploads.ts'

/** Text formats by extension. Content cannot tell C from C++ or YAML from prose, so here the name is the hint. */
const BY_EXTENSION: [ContentKind, Record<string, string>][] = [
  [
    'code',
    {
      'text/javascript': 'js mjs cjs jsx',
      'text/typescript': 'ts mts cts tsx',
      'text/x-python': 'py pyi pyw',
      'text/x-java': 'java',
      'text/x-kotlin': 'kt kts',
      'text/x-scala': 'scala sc',
      'text/x-groovy': 'groovy gradle',
      'text/x-c': 'c h',
      'text/x-c++': 'cc cpp cxx hh hpp hxx ino',
      'text/x-objective-c': 'm mm',
      'text/x-csharp': 'cs',
      'text/x-fsharp': 'fs fsi fsx',
      'text/x-go': 'go',
      'text/x-rust': 'rs',
      'text/x-swift': 'swift',
      'text/x-dart': 'dart',
      'text/x-ruby': 'rb rake gemspec',
      'text/x-php': 'php phtml',
      'text/x-perl': 'pl pm',
      'text/x-lua': 'lua',
      'text/x-r': 'r',
      'text/x-julia': 'jl',
      'text/x-haskell': 'hs',
      'text/x-elixir': 'ex exs',
      'text/x-erlang': 'erl hrl',
      'text/x-clojure': 'clj cljs edn',
      'text/x-ocaml': 'ml mli',
      'text/x-zig': 'zig',
      'text/x-sh': 'sh bash zsh fish',
      'text/x-powershell': 'ps1 psm1',
      'text/x-sql': 'sql',
      'text/x-graphql': 'graphql gql',
      'text/x-protobuf': 'proto',
      'text/x-terraform': 'tf hcl',
      'text/x-vue': 'vue',
      'text/x-svelte': 'svelte',
      'text/html': 'html htm xhtml',
      'text/css': 'css',
      'text/x-scss': 'scss sass less',
    },
  ],
  [
    'document',
    {
      'text/markdown': 'md markdown mdx',
      'text/x-rst': 'rst',
      'text/asciidoc': 'adoc asciidoc',
      'text/x-org': 'org',
      'text/x-tex': 'tex',
    },
  ],
  [
    'text',
    {
      'application/json': 'json jsonc json5 map ipynb',
      'application/x-ndjson': 'ndjson jsonl',
      'application/yaml': 'yaml yml',
      'application/toml': 'toml',
      'application/xml': 'xml xsd xsl plist csproj',
      'text/csv': 'csv',
      'text/tab-separated-values': 'tsv',
      'text/x-ini': 'ini cfg conf properties env',
      'text/x-diff': 'diff patch',
      'text/x-log': 'log',
      'text/plain': 'txt text',
    },
  ],
]

const NAMES: Record<string, [string, ContentKind]> = {
  dockerfile: ['text/x-dockerfile', 'code'],
  makefile: ['text/x-makefile', 'code'],
  gemfile: ['text/x-ruby', 'code'],
  rakefile: ['text/x-ruby', 'code'],
}

const table = new Map<string, [string, ContentKind]>()
for (const [kind, types] of BY_EXTENSION) {
  for (const [type, extensions] of Object.entries(types)) {
    for (const extension of extensions.split(' ')) table.set(extension, [type, kind])
  }
}

/** The media type and kind of a file that is known to be text, by its name; `text/plain` when the name tells nothing. */
export function textTypeOf(name: string): [string, ContentKind] {
  const base = (name.split(/[\\/]/).at(-1) ?? '').toLowerCase()
  const dot = base.lastIndexOf('.')
  return NAMES[base] ?? (dot < 0 ? undefined : table.get(base.slice(dot + 1))) ?? ['text/plain', 'text']
}
