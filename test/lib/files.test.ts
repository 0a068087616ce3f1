import t from 'tap'
import { contentDisposition } from '../../src/lib/content-disposition.ts'
import { parseRange } from '../../src/lib/range.ts'
import { cleanFileName } from '../../src/uploads/file-name.ts'

t.test('Range headers', async (t) => {
  const span = (start: number, end: number) => ({ start, end })
  const rows: [string | undefined, number, ReturnType<typeof parseRange>][] = [
    [undefined, 10, undefined],
    ['bytes=0-', 10, [span(0, 9)]],
    ['bytes=0-0', 10, [span(0, 0)]],
    ['BYTES=2-4', 10, [span(2, 4)]],
    ['bytes=2-400', 10, [span(2, 9)]],
    ['bytes=-3', 10, [span(7, 9)]],
    ['bytes=-30', 10, [span(0, 9)]],
    ['bytes=9-', 10, [span(9, 9)]],
    ['bytes=10-', 10, 'unsatisfiable'],
    ['bytes=-0', 10, 'unsatisfiable'],
    ['bytes=0-', 0, 'unsatisfiable'],
    ['bytes=-5', 0, 'unsatisfiable'],
    ['bytes=5-2', 10, undefined],
    ['bytes=-', 10, undefined],
    ['bytes=', 10, undefined],
    ['bytes=a-b', 10, undefined],
    ['bytes=1', 10, undefined],
    ['items=0-5', 10, undefined],
    ['bytes=0-99999999999999999999', 10, undefined],
    ['bytes=0-1, 4-5', 10, [span(0, 1), span(4, 5)]],
    ['bytes=4-5,0-1', 10, [span(0, 1), span(4, 5)]],
    ['bytes=0-4,2-6,7-8', 10, [span(0, 8)]],
    ['bytes=0-1,50-60', 10, [span(0, 1)]],
    ['bytes=50-,60-', 10, 'unsatisfiable'],
    ['bytes=0-1,,4-5', 10, undefined],
    [`bytes=${Array(9).fill('0-0').join(',')}`, 10, undefined],
    [`bytes=${Array(8).fill('0-0').join(',')}`, 10, [span(0, 0)]],
    [`bytes=${'0-0,'.repeat(10_000)}0-0`, 10, undefined],
  ]
  for (const [header, size, expected] of rows) t.same(parseRange(header, size), expected, String(header).slice(0, 60))
})

t.test('Content-Disposition', async (t) => {
  const rows: [string, string][] = [
    ['plain.txt', 'attachment; filename="plain.txt"'],
    ['grün.txt', `attachment; filename="gr_n.txt"; filename*=UTF-8''gr%C3%BCn.txt`],
    ['a"b\\c.txt', `attachment; filename="a_b_c.txt"; filename*=UTF-8''a%22b%5Cc.txt`],
    ["it's (1)*.txt", 'attachment; filename="it\'s (1)*.txt"'],
    ["ü's", `attachment; filename="_'s"; filename*=UTF-8''%C3%BC%27s`],
    ['100%.txt', `attachment; filename="100_.txt"; filename*=UTF-8''100%25.txt`],
    ['\ud800x', `attachment; filename="_x"; filename*=UTF-8''%EF%BF%BDx`],
    ['a\r\nSet-Cookie: x', `attachment; filename="a__Set-Cookie: x"; filename*=UTF-8''a%0D%0ASet-Cookie%3A%20x`],
  ]
  for (const [name, expected] of rows) t.equal(contentDisposition('attachment', name), expected)
  t.equal(contentDisposition('inline', 'a'), 'inline; filename="a"')
})

t.test('file names', async (t) => {
  const rows: [string | undefined, string][] = [
    ['report.pdf', 'report.pdf'],
    ['../../etc/passwd', 'passwd'],
    ['..\\..\\boot.ini', 'boot.ini'],
    ['C:\\Users\\me\\a.txt', 'a.txt'],
    ['%2e%2e%2fpasswd', '%2e%2e%2fpasswd'],
    ['a\0b\n.txt', 'ab.txt'],
    ['evil\u202etxt.exe', 'eviltxt.exe'],
    ['\ud800x', 'x'],
    ['..', 'unnamed'],
    ['dir/', 'unnamed'],
    ['   ', 'unnamed'],
    ['', 'unnamed'],
    [undefined, 'unnamed'],
    ['CON', '_CON'],
    ['nul.txt', '_nul.txt'],
    ['console.log', 'console.log'],
    ['trailing. . ', 'trailing'],
    ['.gitignore', '.gitignore'],
    ['e\u0301', 'é'],
    [`${'x'.repeat(4096)}.ts`, `${'x'.repeat(252)}.ts`],
    ['é'.repeat(200), 'é'.repeat(127)],
    [`${'😀'.repeat(100)}.md`, `${'😀'.repeat(63)}.md`],
  ]
  for (const [sent, expected] of rows) t.equal(cleanFileName(sent), expected, JSON.stringify(sent)?.slice(0, 40))
})
