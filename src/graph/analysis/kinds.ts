/** What a node is. `unresolved` stands for something that is named in the files and cannot be found in them. */
export const NODE_KINDS = [
  'source',
  'folder',
  'file',
  'package',
  'namespace',
  'class',
  'interface',
  'type',
  'enum',
  'function',
  'method',
  'variable',
  'document',
  'section',
  'unresolved',
] as const
export type NodeKind = (typeof NODE_KINDS)[number]

/** Why a file was not (fully) analysed. `detail` never holds a path of this machine. */
export interface Note {
  code: 'binary' | 'too-large' | 'minified' | 'generated' | 'unparsable' | 'syntax-error' | 'unreadable' | 'ignored'
  detail: string
  line?: number
}
