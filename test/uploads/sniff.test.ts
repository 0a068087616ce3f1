import { gzipSync } from 'node:zlib'
import t from 'tap'
import type { ContentKind } from '../../src/contracts/uploads.ts'
import { SNIFF_BYTES, sniff } from '../../src/uploads/sniff.ts'
import { makeTar, makeZip } from './archives.ts'

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')
const PNG = hex('89504e470d0a1a0a 0000000d49484452 00000001000000010806000000 1f15c489 0000000049454e44ae426082')
const MP4 = hex('00000018 66747970 69736f6d 00000200 69736f6d69736f32')
const CFB = Buffer.concat([hex('d0cf11e0a1b11ae1'), Buffer.alloc(504)])
const CONTENT_TYPES =
  '<Types><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
const docx = makeZip([
  { name: '[Content_Types].xml', data: CONTENT_TYPES, method: 0 },
  { name: 'word/document.xml', data: '<w:document/>', method: 0 },
])
const lines = Buffer.from('const x = "ü"\n'.repeat(6000)).subarray(0, SNIFF_BYTES)

t.test('a file is what its content says', async (t) => {
  const rows: [string, Buffer | string, string, ContentKind][] = [
    ['photo.png', PNG, 'image/png', 'image'],
    ['photo.txt', PNG, 'image/png', 'image'],
    ['photo', hex('ffd8ffe000104a46494600010100'), 'image/jpeg', 'image'],
    ['x.gif', hex('474946383961 01000100 800000 000000ffffff 2c00000000010001000002024401003b'), 'image/gif', 'image'],
    ['x.webp', Buffer.from('RIFF\x1a\0\0\0WEBPVP8L\x0d\0\0\0\x2f\0\0\0', 'latin1'), 'image/webp', 'image'],
    ['clip.mp4', MP4, 'video/mp4', 'video'],
    [
      'clip.webm',
      hex('1a45dfa3 9f 4286 81 01 42f7 81 01 42f2 81 04 42f3 81 08 4282 84 7765626d'),
      'video/webm',
      'video',
    ],
    ['a.wav', Buffer.from('RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0', 'latin1'), 'audio/wav', 'audio'],
    ['code.zip', makeZip([{ name: 'a.ts', data: 'x' }]), 'application/zip', 'archive'],
    ['code.tar', makeTar([{ name: 'a.ts', data: 'x' }]), 'application/x-tar', 'archive'],
    ['code.tgz', gzipSync(makeTar([{ name: 'a.ts', data: 'x' }])), 'application/gzip', 'archive'],
    ['code.7z', hex('377abcaf271c0004 0000000000000000'), 'application/x-7z-compressed', 'archive'],
    ['report.docx', docx, 'application/vnd.openxmlformats-officedocument.wordprocessingml.document', 'document'],
    ['report.pdf', '%PDF-1.7\n1 0 obj\n', 'application/pdf', 'document'],
    ['report.pdf', Buffer.from('%PDF-1.7\n%\xe2\xe3\xcf\xd3\x00\n', 'latin1'), 'application/pdf', 'document'],
    ['old.doc', CFB, 'application/msword', 'document'],
    ['old', CFB, 'application/x-cfb', 'other'],
    ['tool', hex('7f454c46 02010100 0000000000000000'), 'application/x-elf', 'other'],
    ['notes.md', hex('7f454c46 02010100 0000000000000000'), 'application/x-elf', 'other'],
    ['noise.ts', hex('0001020304050607ff'), 'application/octet-stream', 'other'],
    ['index.ts', 'export const a = 1\n', 'text/typescript', 'code'],
    ['index.TSX', 'export const a = <b />\n', 'text/typescript', 'code'],
    ['main.py', 'import os\n', 'text/x-python', 'code'],
    ['long.js', lines, 'text/javascript', 'code'],
    ['README.md', '# Title\n', 'text/markdown', 'document'],
    ['Dockerfile', 'FROM scratch\n', 'text/x-dockerfile', 'code'],
    ['dir/Makefile', 'all:\n\ttrue\n', 'text/x-makefile', 'code'],
    ['data.json', '{"a": 1}', 'application/json', 'text'],
    ['table.csv', 'a,b\n1,2\n', 'text/csv', 'text'],
    ['LICENSE', 'MIT License\n', 'text/plain', 'text'],
    ['empty', '', 'text/plain', 'text'],
    ['empty.ts', '', 'text/typescript', 'code'],
    ['photo.png', 'import os\n', 'text/plain', 'text'],
    ['photo.png', '<!-- hi --><!DOCTYPE html><script>alert(1)</script>', 'text/html', 'code'],
    ['photo.jpg', '  <html><body>', 'text/html', 'code'],
    ['photo.png', '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', 'image/svg+xml', 'image'],
    ['a.xml', '<?xml version="1.0"?>\n<!-- x -->\n<svg/>', 'image/svg+xml', 'image'],
    ['feed', '<?xml version="1.0"?><rss/>', 'application/xml', 'text'],
    ['run', '#!/bin/bash\ntrue\n', 'text/x-sh', 'code'],
    ['run', '#!/usr/bin/env python3\n', 'text/x-python', 'code'],
    ['run', '#!/usr/bin/env node\n', 'text/javascript', 'code'],
    ['words.txt', 'BM is how a bitmap begins', 'text/plain', 'text'],
    ['words.txt', 'MZ and ID3 and GIF89a', 'text/plain', 'text'],
    ['gif.txt', 'GIF89a/*<script>alert(1)</script>*/', 'text/plain', 'text'],
    ['meeting.ics', 'BEGIN:VCALENDAR\nVERSION:2.0\n', 'text/calendar', 'text'],
  ]
  for (const [name, content, contentType, kind] of rows) {
    const found = await sniff(Buffer.from(content as string), name)
    t.match(found, { contentType, kind }, `${name}: ${contentType}`)
  }
})

t.test('character sets', async (t) => {
  const rows: [Buffer, string | undefined][] = [
    [Buffer.from('grüße'), 'utf-8'],
    [Buffer.from('\ufeffgrüße'), 'utf-8'],
    [Buffer.from('\ufeffgrüße', 'utf16le'), 'utf-16le'],
    [Buffer.from('\ufeffgrüße', 'utf16le').swap16(), 'utf-16be'],
    [Buffer.from('gr\xfc\xdfe aus der alten Zeit', 'latin1'), 'windows-1252'],
    [Buffer.from('ü'.repeat(10)).subarray(0, 5), 'utf-8'],
    [hex('fffe 0000 0100 0200'), undefined],
    [hex('fffe 00d8 00d8'), undefined],
    [Buffer.from('text with a \0 in it'), undefined],
    [Buffer.from([...Array(50).keys()].map((i) => 0x80 + i)), undefined],
  ]
  for (const [content, charset] of rows) t.equal((await sniff(content, 'x')).charset, charset, String(charset))
})

t.test('hostile bytes do not hang or throw', async (t) => {
  const before = Date.now()
  const nested = Buffer.from('<!-- '.repeat(10_000))
  for (const head of [nested, Buffer.from('<?xml '.repeat(10_000)), Buffer.alloc(SNIFF_BYTES, 0x20)]) {
    t.match(await sniff(head, 'a.png'), { kind: 'text' })
  }
  const magics = [
    PNG,
    MP4,
    CFB,
    docx,
    gzipSync('x'),
    hex('1a45dfa3'),
    hex('3026b2758e66cf11a6d900aa0062ce6c'),
    hex('504b0304'),
  ]
  for (const magic of magics) {
    for (const filler of [0x00, 0xff, 0x50]) {
      t.type(await sniff(Buffer.concat([magic, Buffer.alloc(SNIFF_BYTES - magic.length, filler)]), 'x'), 'object')
      t.type(await sniff(magic.subarray(0, 3), 'x'), 'object')
    }
  }
  t.ok(Date.now() - before < 5000)
})
