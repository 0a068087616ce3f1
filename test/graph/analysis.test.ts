import t from 'tap'
import { analyze } from '../../src/graph/analysis/analyze.ts'
import { AnalysisError, runAnalysis } from '../../src/graph/analysis/run.ts'
import type { Files } from './tree.ts'
import { analyzeTree, edgeLines, withTree } from './tree.ts'

t.test('Python: imports, scopes, classes', async (t) => {
  const files: Files = {
    'pyproject.toml': '[project]\ndependencies = ["requests>=2", "numpy"]',
    'src/pkg/__init__.py': 'from .core import Engine\nfrom . import util\n__version__ = "1"\n',
    'src/pkg/core.py': `"""Core."""
from __future__ import annotations
from typing import TYPE_CHECKING
import os.path
import requests
import unknown_lib
from .util import helper as h, missing
from ..outside import nothing
from .sub.leaf import *
if TYPE_CHECKING:
    from pkg.types import Shape

LIMIT = 3

class Base:
    def ping(self): pass

class Engine(Base):
    """Runs.

    More.
    """
    def run(self, shape: "Shape"):
        self.ping()
        self.stop()
        h()
        leaf()
        shape.area()
        missing()
        return [h() for h in []]

    @staticmethod
    def stop():
        Engine().run(None)

    @property
    def x(self): return LIMIT
    @x.setter
    def x(self, v): pass

    def run2(self, h):
        h()
        super().ping()
`,
    'src/pkg/util.py': 'def helper():\n    def inner():\n        pass\n    inner()\n',
    'src/pkg/types.py': 'class Shape:\n    def area(self): ...\n',
    'src/pkg/sub/leaf.py': 'def leaf(): pass\n',
    'tests/test_it.py':
      'import pkg\nimport pkg.util as u\nfrom pkg import Engine, util\nimport importlib\nm = importlib.import_module("pkg.types")\ne = Engine()\ndef test():\n    pkg.util.helper()\n    u.helper()\n    util.helper()\n    e.run(1)\n    Engine().stop()\n',
  }
  const result = await analyzeTree(files)
  const lines = edgeLines(result)
  const has = [
    'imports src/pkg/__init__.py -> src/pkg/core.py',
    'imports src/pkg/__init__.py -> src/pkg/util.py',
    'imports src/pkg/core.py -> src/pkg/util.py',
    'imports src/pkg/core.py -> src/pkg/types.py type',
    'imports src/pkg/core.py -> src/pkg/sub/leaf.py',
    'imports src/pkg/core.py -> python:os',
    'imports src/pkg/core.py -> pypi:requests',
    'imports src/pkg/core.py -> pypi:unknown_lib inferred',
    'imports src/pkg/core.py -> unresolved:..outside unresolved',
    'imports tests/test_it.py -> src/pkg/__init__.py',
    'imports tests/test_it.py -> src/pkg/util.py',
    'imports tests/test_it.py -> src/pkg/types.py dynamic',
    'extends src/pkg/core.py#Engine -> src/pkg/core.py#Base',
    'calls src/pkg/core.py#Engine.run(). -> src/pkg/core.py#Base.ping().',
    'calls src/pkg/core.py#Engine.run(). -> src/pkg/core.py#Engine.stop().',
    'calls src/pkg/core.py#Engine.run(). -> src/pkg/util.py#helper().',
    'calls src/pkg/core.py#Engine.run(). -> src/pkg/sub/leaf.py#leaf().',
    'calls src/pkg/core.py#Engine.run(). -> src/pkg/types.py#Shape.area(). inferred',
    'calls src/pkg/core.py#Engine.run(). -> unresolved:src/pkg/util.py#missing unresolved',
    'calls src/pkg/core.py#Engine.run2(). -> src/pkg/core.py#Base.ping().',
    'instantiates src/pkg/core.py#Engine.stop(). -> src/pkg/core.py#Engine',
    'calls src/pkg/core.py#Engine.stop(). -> src/pkg/core.py#Engine.run().',
    'references src/pkg/core.py#Engine.x(). -> src/pkg/core.py#LIMIT.',
    'calls src/pkg/util.py#helper(). -> src/pkg/util.py#helper().inner().',
    'calls tests/test_it.py#test(). -> src/pkg/util.py#helper().',
    'calls tests/test_it.py#test(). -> src/pkg/core.py#Engine.run().',
    'calls tests/test_it.py#test(). -> src/pkg/core.py#Engine.stop().',
  ]
  t.strictSame(
    has.filter((line) => !lines.includes(line)),
    [],
  )
  t.notOk(
    lines.find((line) => line.startsWith('calls src/pkg/core.py#Engine.run2(). -> src/pkg/util.py')),
    'a parameter shadows',
  )
  const engine = result.nodes.find((node) => node.key === 'src/pkg/core.py#Engine')
  t.match(engine, { startLine: 18, doc: 'Runs.\n\nMore.', exported: true, signature: 'class Engine(Base)' })
})

t.test('Python: packages are where the project says they are', async (t) => {
  const result = await analyzeTree({
    'a/pyproject.toml': '[tool.setuptools]\npackage-dir = {"" = "code"}\n',
    'a/code/one/__init__.py': '',
    'a/test_one.py': 'import one',
    'b/setup.py': 'setup(package_dir={"": "lib"})',
    'b/lib/two.py': '',
    'b/tests/test_two.py': 'from two import x',
    'c/pyproject.toml': '[tool.poetry]\npackages = [{ include = "three", from = "python" }]\n',
    'c/python/three/deep/leaf.py': '',
    'c/run.py': 'from three.deep import leaf',
  })
  t.strictSame(
    edgeLines(result).filter((line) => line.startsWith('imports ')),
    [
      'imports a/test_one.py -> a/code/one/__init__.py',
      'imports b/tests/test_two.py -> b/lib/two.py',
      'imports c/run.py -> c/python/three/deep/leaf.py',
    ],
  )
})

t.test('Markdown: sections, anchors, links and mentions', async (t) => {
  const files: Files = {
    'README.md': `---
title: x
---
# The *Tool* \`v1\`

Intro with [guide](docs/guide.md), [install](docs/guide.md#install), [code](src/a.ts#L3), [folder](docs/), [gone](docs/gone.md),
[bad](docs/guide.md#nope), [site](https://example.org), [root](/src/a.ts), [self](#usage), [ext](docs/guide).
![logo](logo.png)

## Usage

Call \`createTool()\` or \`Tool.run()\`; see \`src/a.ts\` and \`nothing\`, \`dup\`.

\`\`\`md
# not a heading [no](docs/guide.md)
\`\`\`

## Usage
`,
    'docs/guide.md':
      'Preamble.\n\nInstall\n=======\n<a id="setup"></a>\n\nText <a href="../README.md#the-tool-v1">up</a>\n\n<a name=later></a>\n## Custom {#own}\n\n[x](#setup) [y](#later) [z](#own) [ref]\n\n[ref]: ../README.md#usage-1\n',
    'src/a.ts': 'export class Tool { run() {} }\nexport function createTool() {}\nexport const dup = 1',
    'src/b.ts': 'export const dup = 2',
    'logo.png': Buffer.from([137, 80, 78, 71, 0, 1]),
  }
  const result = await analyzeTree(files)
  const lines = edgeLines(result).filter((line) => /^(?:links|mentions) /.test(line))
  t.strictSame(lines, [
    'links README.md#the-tool-v1 -> README.md#usage',
    'links README.md#the-tool-v1 -> docs/',
    'links README.md#the-tool-v1 -> docs/guide.md',
    'links README.md#the-tool-v1 -> docs/guide.md#install',
    'links README.md#the-tool-v1 -> logo.png',
    'links README.md#the-tool-v1 -> src/a.ts',
    'links README.md#the-tool-v1 -> unresolved:docs/gone.md unresolved',
    'links README.md#the-tool-v1 -> unresolved:docs/guide.md#nope unresolved',
    'links docs/guide.md#install -> README.md#the-tool-v1',
    'links docs/guide.md#own -> README.md#usage-1',
    'links docs/guide.md#own -> docs/guide.md#install',
    'links docs/guide.md#own -> docs/guide.md#own',
    'mentions README.md#usage -> src/a.ts',
    'mentions README.md#usage -> src/a.ts#Tool.run(). inferred',
    'mentions README.md#usage -> src/a.ts#createTool(). inferred',
  ])
  const section = result.nodes.find((node) => node.key === 'README.md#usage')
  t.match(section, { kind: 'section', name: 'Usage', startLine: 10, endLine: 17 })
  t.match(result.nodes.find((node) => node.key === 'logo.png')?.notes, [{ code: 'binary' }])
  const passage = result.passages.find((item) => item.nodeKey === 'README.md#usage')
  t.match(passage, { title: 'The Tool v1 > Usage', startLine: 10, endLine: 16, kind: 'doc' })
  t.match(passage?.text, /^## Usage\n\nCall/)
})

t.test('passages quote exact lines, with doc comments, and cover what is no symbol', async (t) => {
  const long = Array.from({ length: 100 }, (_, at) => `  step(${at})`).join('\n')
  const code = `import x from 'y'\n\n/** Adds. */\nexport function add() {\n  return 1\n}\n\napp.get('/', add)\napp.listen()\n\n// about long\n// things\nexport function long() {\n${long}\n}\n\nexport class Big {\n  a = 1\n\n  /** m */\n  m() {\n${long}\n  }\n}\n`
  const { passages } = await analyzeTree({ 'a.ts': code, 'config.yml': 'port: 1\n', 'package-lock.json': '{}' })
  const all = code.split('\n')
  for (const { path, startLine, endLine, text } of passages) {
    if (path === 'a.ts') t.equal(text, all.slice(startLine - 1, endLine).join('\n'), `lines ${startLine}-${endLine}`)
  }
  const titles = passages.map(({ nodeKey, startLine, endLine }) => `${nodeKey} ${startLine}-${endLine}`)
  t.strictSame(titles, [
    'a.ts#add(). 3-6',
    'a.ts 8-9',
    'a.ts#long(). 11-70',
    'a.ts#long(). 71-114',
    'a.ts#Big 116-118',
    'a.ts#Big.m(). 119-178',
    'a.ts#Big.m(). 179-221',
    'config.yml 1-1',
  ])
})

t.test('what cannot be read is noted on its node and the rest goes on', async (t) => {
  const files: Files = {
    'broken.ts': 'export function ok() {}\nconst = {{{',
    'broken.py': 'def ok():\n    pass\nclass (:\n',
    'bin.js': Buffer.from([1, 0, 2]),
    'big.ts': `// ${'x'.repeat(5000)}`,
    'lib.min.js': 'var a=1',
    'packed.js': 'a(1);'.repeat(5000),
    'gen.ts': '// @generated by tool\nexport const g = 1',
    'empty.ts': '',
    'bom.ts': '\uFEFFexport const bom = 1',
    'crlf.md': '# A\r\n\r\ntext\r\n## B\r\n',
    'fine.ts': `import { ok } from './broken'\nexport const fine = 1`,
    'node_modules/dep/index.js': 'x',
    '__proto__.ts': 'export const constructor = 1\nexport const hasOwnProperty = constructor',
    '../evil.ts': 'export const evil = 1',
  }
  const result = await analyzeTree(files, { maxFileBytes: 50_000 })
  const notes = Object.fromEntries(result.notes.map(({ path, code }) => [path, code]))
  t.match(notes, {
    'broken.ts': /unparsable|syntax-error/,
    'broken.py': 'syntax-error',
    'bin.js': 'binary',
    'lib.min.js': 'minified',
    'packed.js': 'minified',
    'gen.ts': 'generated',
  })
  const keys = new Set(result.nodes.map((node) => node.key))
  for (const key of ['fine.ts#fine.', 'broken.py#ok().', 'bom.ts#bom.', '__proto__.ts#constructor.', 'empty.ts']) {
    t.ok(keys.has(key), key)
  }
  t.notOk(
    [...keys].find((key) => key.includes('evil') || key.includes('dep/index')),
    'nothing from outside',
  )
  t.match(result.nodes.find((node) => node.key === 'node_modules/')?.notes, [{ code: 'ignored' }])
  const large = await analyzeTree({ 'a.ts': 'export const a = 1' }, { maxFileBytes: 3 })
  t.match(large.notes, [{ path: 'a.ts', code: 'too-large' }])
})

t.test('code that nests as deeply as a file can hold ends nothing but its own analysis', async (t) => {
  const deep = (open: string, close: string, times: number) => open.repeat(times) + close.repeat(times)
  const files: Files = {
    'arrays.js': `const x = ${deep('[', ']', 100_000)}`,
    'lines.js': `const x = ${deep('[\n', ']\n', 60_000)}`,
    'arrows.ts': `import './fine.ts'\nexport const x = ${deep('a =>\n', '', 30_000)}1`,
    'elses.js': `if (a) b()\n${deep('else if (c) d()\n', '', 30_000)}`,
    'beyond.js': `require('./fine.ts')\n${deep('(\n', ')\n', 480_000)}`,
    'fine.ts': 'export const fine = 1',
  }
  await withTree(files, async (input) => {
    const result = await runAnalysis(input)
    const lines = edgeLines(result)
    t.equal(result.nodes.filter(({ kind }) => kind === 'file').length, 6)
    t.ok(lines.includes('imports arrows.ts -> fine.ts'))
    t.ok(lines.includes('imports beyond.js -> fine.ts'), 'what is not parsed tells its imports by the words')
  })
})

t.test('the result follows from the files alone: same ids, same order, in a worker or not', async (t) => {
  const files: Files = {
    'b.ts': `import { a } from './a'\nexport const b = () => a()`,
    'a.ts': 'export const a = () => 1',
    'R.md': '# R',
  }
  await withTree(files, async (input) => {
    const here = await analyze(input)
    const phases = new Set<string>()
    const { saved: _saved, ...there } = await runAnalysis(input, { onProgress: ({ phase }) => phases.add(phase) })
    const turned = await analyze({ ...input, files: [...input.files].reverse() })
    for (const result of [here, there, turned]) result.stats.milliseconds = 0
    t.strictSame(there, here)
    t.strictSame(turned, here)
    t.strictSame(
      [...phases],
      ['read', 'link', 'done'].filter((phase) => phases.has(phase)),
    )
    t.match(here.nodes[0]?.id, /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    const other = await analyze({ ...input, sourceId: 'other' })
    t.not(other.nodes[0]?.id, here.nodes[0]?.id, 'another source has other ids')
  })
})

/** How a run that must fail ended. */
async function reasonOf(run: Promise<unknown>): Promise<string> {
  const error = await run.then(
    () => new Error('It did not fail'),
    (reason: unknown) => reason,
  )
  return error instanceof AnalysisError ? error.reason : String(error)
}

t.test('a running analysis can be cancelled and is ended at its time limit', async (t) => {
  const files = Object.fromEntries(
    Array.from({ length: 300 }, (_, at) => [`f${at}.ts`, 'export const x = () => 1\n'.repeat(200)]),
  )
  await withTree(files, async (input) => {
    const controller = new AbortController()
    const running = runAnalysis(input, { signal: controller.signal, onProgress: () => controller.abort() })
    t.equal(await reasonOf(running), 'cancelled')
    t.equal(await reasonOf(runAnalysis(input, { signal: controller.signal })), 'cancelled')
    t.equal(await reasonOf(runAnalysis(input, { timeLimitMs: 20 })), 'timeout')
    t.equal(await reasonOf(runAnalysis(input, { memoryLimitMb: 8 })), 'memory')
  })
})
