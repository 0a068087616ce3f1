import t from 'tap'
import { makeZip } from '../uploads/archives.ts'
import { analyzeTree, edgeLines } from './tree.ts'

/** A PDF with one line of text on each page. */
function pdf(pages: string[]): Buffer {
  const objects = ['<< /Type /Catalog /Pages 2 0 R >>', '', '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>']
  const kids: number[] = []
  for (const text of pages) {
    const content = `BT /F1 12 Tf 20 100 Td (${text}) Tj ET`
    objects.push(`<< /Length ${content.length} >>\nstream\n${content}\nendstream`)
    const page = `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 200] /Contents ${objects.length} 0 R`
    objects.push(`${page} /Resources << /Font << /F1 3 0 R >> >> >>`)
    kids.push(objects.length)
  }
  objects[1] = `<< /Type /Pages /Kids [${kids.map((kid) => `${kid} 0 R`).join(' ')}] /Count ${kids.length} >>`
  let text = '%PDF-1.4\n'
  const places = objects.map((object, at) => {
    const place = text.length
    text += `${at + 1} 0 obj\n${object}\nendobj\n`
    return String(place).padStart(10, '0')
  })
  const start = text.length
  text += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${places.map((place) => `${place} 00000 n \n`).join('')}`
  return Buffer.from(`${text}trailer << /Size ${objects.length + 1} /Root 1 0 R >>\nstartxref\n${start}\n%%EOF\n`)
}

/** A Word document with a heading and a paragraph. */
function docx(heading: string, paragraph: string): Buffer {
  const xml = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
  const types = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml'
  const office = 'http://schemas.openxmlformats.org'
  const files = {
    '[Content_Types].xml': `${xml}<Types xmlns="${office}/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/word/document.xml" ContentType="${types}"/></Types>`,
    '_rels/.rels': `${xml}<Relationships xmlns="${office}/package/2006/relationships"><Relationship Id="r1" Type="${office}/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>`,
    'word/document.xml': `${xml}<w:document xmlns:w="${office}/wordprocessingml/2006/main"><w:body><w:p><w:pPr><w:pStyle w:val="Heading1"/></w:pPr><w:r><w:t>${heading}</w:t></w:r></w:p><w:p><w:r><w:t>${paragraph}</w:t></w:r></w:p></w:body></w:document>`,
  }
  return makeZip(Object.entries(files).map(([name, data]) => ({ name, data })))
}

t.test('PDF, Word and HTML: sections and passages; a broken one has a note', async (t) => {
  const result = await analyzeTree({
    'guide.pdf': pdf(['Hello first page', 'Install it here']),
    'plan.docx': docx('The plan', 'We begin on Monday.'),
    'page.html': `<!doctype html>
<html><head><title>x</title><style>.a { color: red }</style></head>
<body><h1>Top</h1>
<p>See <a href="guide.pdf#page=2">the guide</a>, <a href="#later">later</a>, <a href="gone.html">gone</a>.</p>
<h2 id="later">Later on</h2>
<script src="app.js">var hidden = '<a href="never.html">'</script>
<p>The end <!-- <a href="comment.html"></a> --></p></body></html>
`,
    'app.js': 'export const a = 1',
    'broken.pdf': Buffer.from('%PDF-1.4 nothing'),
    'broken.docx': Buffer.from('PK nothing'),
  })
  const keys = result.nodes.map(({ kind, key, name }) => `${kind} ${key} ${name}`)
  for (const wanted of [
    'document guide.pdf guide.pdf',
    'section guide.pdf#page=2 Page 2',
    'section plan.docx#the-plan The plan',
    'section page.html#later Later on',
  ])
    t.ok(keys.includes(wanted), wanted)
  t.strictSame(
    edgeLines(result).filter((line) => line.startsWith('links ')),
    [
      'links page.html#later -> app.js',
      'links page.html#top -> guide.pdf#page=2',
      'links page.html#top -> page.html#later',
      'links page.html#top -> unresolved:gone.html unresolved',
    ],
  )
  const passage = (key: string) => result.passages.find(({ nodeKey }) => nodeKey === key)
  t.match(passage('guide.pdf#page=2'), { text: 'Install it here', kind: 'doc', title: 'Page 2', startLine: 2 })
  t.match(passage('plan.docx#the-plan')?.text, /We begin on Monday/)
  t.match(passage('page.html#later'), { text: /The end/, startLine: 5 })
  t.notMatch(passage('page.html#later')?.text, /hidden|comment/)
  t.strictSame(
    result.notes.map(({ path, code }) => `${path} ${code}`),
    ['broken.docx unparsable', 'broken.pdf unparsable'],
  )
})

t.test('components: the scripts of Vue files, on their lines', async (t) => {
  const result = await analyzeTree({
    'App.vue': `<template><Child :x="run()" /></template>
<!-- <script>import './never'</script> -->
<script lang="ts">
export const name = 'app'
</script>
<script setup lang="ts">
import Child from './Child.vue'
import { help, type T } from './help'
const run = (t: T) => help(t)
</script>
<style>.a { color: red }</style>
`,
    'Child.vue': '<script>\nexport default { name: "child" }\n</script>\n',
    'help.ts': 'export interface T {}\nexport function help(t: T) {}\n',
    'main.ts': `import App, { name } from './App.vue'\nApp\nname\n`,
    'never.ts': '',
  })
  const lines = edgeLines(result)
  for (const wanted of [
    'imports App.vue -> Child.vue',
    'imports App.vue -> help.ts',
    'imports main.ts -> App.vue',
    'calls App.vue#run(). -> help.ts#help().',
    'references main.ts -> App.vue#name.',
  ])
    t.ok(lines.includes(wanted), wanted)
  t.notOk(lines.some((line) => line.includes('never.ts') && line.startsWith('imports')))
  t.match(
    result.nodes.find(({ key }) => key === 'App.vue#run().'),
    { startLine: 9, signature: 'const run = (t: T)' },
  )
})

t.test('style sheets: imports of CSS, Sass and Less, partials and packages', async (t) => {
  const result = await analyzeTree({
    'package.json': '{"name":"x","dependencies":{"bootstrap":"5"}}',
    'a.css':
      '@import "b.css";\n@import url(c.css) screen;\n/* @import "no.css"; */\n.a { content: "@import \'no.css\'" }\n@import "gone.css";',
    'b.css': '',
    'c.css': '',
    'no.css': '',
    'm.scss': `@use "parts/button";\n@use 'sass:math';\n// @use "no";\n@import "bootstrap/scss/x", './b.css';\n@forward "~bootstrap/y";`,
    'parts/_button.scss': '',
    'n.less': '@import (reference) "b";',
  })
  const lines = edgeLines(result).filter((line) => line.startsWith('imports '))
  t.strictSame(lines, [
    'imports a.css -> b.css',
    'imports a.css -> c.css',
    'imports a.css -> unresolved:gone.css unresolved',
    'imports m.scss -> b.css',
    'imports m.scss -> npm:bootstrap',
    'imports m.scss -> npm:sass',
    'imports m.scss -> parts/_button.scss',
    'imports n.less -> b.css',
  ])
})

t.test('manifests: own packages of every ecosystem and what they depend on', async (t) => {
  const result = await analyzeTree({
    'pyproject.toml':
      '[project]\nname = "tool"\ndependencies = ["requests[socks]>=2; python_version > \'3\'"]\n[project.optional-dependencies]\ndev = ["pytest"]\n',
    'rust/Cargo.toml': '[package]\nname = "one"\n[dependencies]\nserde = "1"\ntwo = { path = "two" }\n',
    'rust/two/Cargo.toml': '[package]\nname = "two"\n',
    'go.mod':
      'module example.com/app // here\nrequire (\n\tgithub.com/lib/pq v1.10.0\n\tgolang.org/x/text v0.3.0 // indirect\n)\n',
    'pom.xml':
      '<project><parent><groupId>com.x</groupId></parent><artifactId>app</artifactId><dependencies><dependency><groupId>junit</groupId><artifactId>junit</artifactId><scope>test</scope></dependency></dependencies></project>',
    'composer.json': '{"name":"v/app","require":{"php":">=8","v/lib":"^1"}}',
    'broken/Cargo.toml': '[package',
  })
  t.strictSame(
    edgeLines(result).filter((line) => line.startsWith('references ')),
    [
      'references own:crates:rust/ -> crates:serde as dependencies',
      'references own:crates:rust/ -> own:crates:rust/two/ as dependencies',
      'references own:gomod:./ -> gomod:github.com/lib/pq as require',
      'references own:gomod:./ -> gomod:golang.org/x/text as indirect',
      'references own:maven:./ -> maven:junit:junit as test',
      'references own:packagist:./ -> packagist:v/lib as require',
      'references own:pypi:./ -> pypi:pytest as optional-dependencies',
      'references own:pypi:./ -> pypi:requests as dependencies',
    ],
  )
  const names = result.nodes.filter(({ own }) => own).map(({ name }) => name)
  t.strictSame(names.sort(), ['com.x:app', 'example.com/app', 'one', 'tool', 'two', 'v/app'])
})
