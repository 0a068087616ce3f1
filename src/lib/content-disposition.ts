/**
 * A Content-Disposition header with a file name that every client reads right (RFC 6266): an ASCII form for old ones
 * and the exact one in UTF-8. The name is taken as a name only; whatever could end the header or the directory is gone.
 */
export function contentDisposition(kind: 'attachment' | 'inline', name: string): string {
  const plain = name.replace(/[^\x20-\x7e]|["\\%/]/g, '_')
  const encoded = encodeURIComponent(name.replace(/\p{Cs}/gu, '\ufffd')).replace(/['()*]/g, percent)
  return plain === name ? `${kind}; filename="${plain}"` : `${kind}; filename="${plain}"; filename*=UTF-8''${encoded}`
}

const percent = (char: string) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`
