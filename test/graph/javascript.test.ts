import t from 'tap'
import type { Files } from './tree.ts'
import { analyzeTree, edgeLines } from './tree.ts'

interface Scenario {
  name: string
  files: Files
  has: string[]
  /** Beginnings of lines that must not be there. */
  not?: string[]
}

const resolution: Scenario[] = [
  {
    name: 'relative, index, .js for .ts, json, folders with a main',
    files: {
      'src/a.ts': `import './b.js'\nimport './lib'\nimport data from './data.json'\nimport '..'\nimport './old'\nimport './gone'\n`,
      'src/b.ts': 'export {}',
      'src/lib/index.ts': 'export {}',
      'src/data.json': '{}',
      'index.ts': 'export {}',
      'src/old/package.json': '{"main":"./m.js"}',
      'src/old/m.js': '',
    },
    has: [
      'imports src/a.ts -> src/b.ts',
      'imports src/a.ts -> src/lib/index.ts',
      'imports src/a.ts -> src/data.json',
      'imports src/a.ts -> index.ts',
      'imports src/a.ts -> src/old/m.js',
      'imports src/a.ts -> unresolved:src/gone unresolved',
    ],
  },
  {
    name: 'a JavaScript file takes the .js that is there, a TypeScript file the .ts or the declarations beside the .js',
    files: {
      'util.js': '',
      'util.ts': '',
      'a.js': `import './util.js'`,
      'b.ts': `import './util.js'`,
      'plain.js': 'exports.x = 1',
      'plain.d.ts': 'export declare const x: number',
      'c.ts': `import './plain.js'\nimport type { x } from './plain.js'`,
      'd.mjs': `import './plain.js'`,
      'lib/package.json': '{"main":"main.js","types":"main.d.ts"}',
      'lib/main.js': '',
      'lib/main.d.ts': `import { x } from '../plain'`,
      'e.ts': `import './lib'`,
      'f.js': `require('./lib')`,
    },
    has: [
      'imports a.js -> util.js',
      'imports b.ts -> util.ts',
      'imports c.ts -> plain.d.ts',
      'imports c.ts -> plain.d.ts type',
      'imports d.mjs -> plain.js',
      'imports e.ts -> lib/main.d.ts',
      'imports f.js -> lib/main.js',
      'imports lib/main.d.ts -> plain.d.ts',
      'references plain.d.ts -> plain.js inferred type',
    ],
    not: ['imports a.js -> util.ts', 'imports b.ts -> util.js'],
  },
  {
    name: 'tsconfig paths through extends with comments, most specific pattern first; a broken alias stays unresolved',
    files: {
      'tsconfig.base.json': `{ // comment\n"compilerOptions": { "paths": { "@/*": ["./src/*"], "@/special/*": ["./other/*",], }, }, }`,
      'app/tsconfig.json': `{ "extends": "../tsconfig.base.json" }`,
      'app/main.ts': `import '@/x'\nimport '@/special/y'\nimport '@/none'`,
      'src/x.ts': '',
      'other/y.ts': '',
    },
    has: [
      'imports app/main.ts -> src/x.ts',
      'imports app/main.ts -> other/y.ts',
      'imports app/main.ts -> unresolved:src/none unresolved',
    ],
  },
  {
    name: 'workspaces without node_modules and without dist: exports, outDir, convention; fixtures of the same name stay out',
    files: {
      'package.json': '{"name":"root","workspaces":["packages/*"]}',
      'packages/core/package.json':
        '{"name":"@w/core","exports":{".":{"types":"./dist/index.d.ts","import":"./dist/index.js"},"./sub/*":"./dist/sub/*.js"}}',
      'packages/core/tsconfig.json': '{"compilerOptions":{"outDir":"dist","rootDir":"src"}}',
      'packages/core/src/index.ts': 'export const core = 1',
      'packages/core/src/sub/deep.ts': 'export const deep = 1',
      'packages/plain/package.json': '{"name":"plain","main":"dist/index.js"}',
      'packages/plain/src/index.ts': 'export const plain = 1',
      'packages/app/package.json': '{"name":"app","dependencies":{"@w/core":"*","plain":"*","react":"^19"}}',
      'packages/app/main.ts': `import { core } from '@w/core'\nimport { deep } from '@w/core/sub/deep'\nimport { plain } from 'plain'\nimport 'react'\nimport 'lodash'\nimport 'node:fs'\nimport 'path'\nexport const x = core + deep + plain`,
      'fixtures/react/package.json': '{"name":"react"}',
      'fixtures/react/index.js': '',
    },
    has: [
      'imports packages/app/main.ts -> packages/core/src/index.ts',
      'imports packages/app/main.ts -> packages/core/src/sub/deep.ts',
      'imports packages/app/main.ts -> packages/plain/src/index.ts inferred',
      'imports packages/app/main.ts -> npm:react',
      'imports packages/app/main.ts -> npm:lodash inferred',
      'imports packages/app/main.ts -> node:fs',
      'imports packages/app/main.ts -> node:path',
      'references packages/app/main.ts#x. -> packages/core/src/index.ts#core.',
      'references packages/app/main.ts#x. -> packages/plain/src/index.ts#plain. inferred',
      'references own:packages/app/ -> own:packages/core/ as dependencies',
    ],
    not: ['imports packages/app/main.ts -> fixtures'],
  },
  {
    name: 'pnpm workspaces, package imports (#), self reference',
    files: {
      'pnpm-workspace.yaml': `packages:\n  - 'libs/**' # all\n  - "!libs/skip"\n`,
      'libs/one/package.json': '{"name":"one","imports":{"#in/*":"./src/*.js"},"exports":"./src/main.js"}',
      'libs/one/src/main.ts': `import '#in/helper'\nimport 'one'\nimport 'two'\nimport 'skip'`,
      'libs/one/src/helper.ts': '',
      'libs/deep/two/package.json': '{"name":"two"}',
      'libs/deep/two/index.ts': '',
      'libs/skip/package.json': '{"name":"skip"}',
      'libs/skip/index.ts': '',
    },
    has: [
      'imports libs/one/src/main.ts -> libs/one/src/helper.ts',
      'imports libs/one/src/main.ts -> libs/deep/two/index.ts',
      'imports libs/one/src/main.ts -> npm:skip inferred',
    ],
  },
  {
    name: 'kinds of imports: type-only, dynamic, require, import =, import types, triple slash, URL; none in comments and strings',
    files: {
      'a.ts': `/// <reference path="./globals.d.ts" />
import type { T } from './t'
import { type U } from './u'
import fs = require('./eq')
// import './comment'
const s = "import './string'"
export type V = import('./v').V
export const load = () => import('./dyn')
const w = new URL('./worker.ts', import.meta.url)
export type X = T | U
export { fs, s, w }`,
      'globals.d.ts': '',
      't.ts': 'export interface T {}',
      'u.ts': 'export type U = 1',
      'eq.ts': 'const x = 1\nexport = x',
      'v.ts': 'export type V = 2',
      'dyn.ts': '',
      'worker.ts': '',
      'comment.ts': '',
      'string.ts': '',
    },
    has: [
      'references a.ts -> globals.d.ts type',
      'imports a.ts -> t.ts type',
      'imports a.ts -> u.ts type',
      'imports a.ts -> eq.ts',
      'imports a.ts -> v.ts type',
      'imports a.ts -> dyn.ts dynamic',
      'references a.ts -> worker.ts dynamic',
      'references a.ts#V -> v.ts#V type',
      'references a.ts#X -> t.ts#T type',
    ],
    not: ['imports a.ts -> comment.ts', 'imports a.ts -> string.ts'],
  },
]

const names: Scenario[] = [
  {
    name: 're-exports are followed to the definition; cycles end; missing names are unresolved',
    files: {
      'index.ts': `export * from './a'\nexport { deep as renamed } from './b'\nexport * as ns from './c'\nexport { lost } from './c'`,
      'a.ts': `export * from './b'\nexport * from './index'`,
      'b.ts': 'export function deep() {}\nexport default class Thing { static make() {} go() {} }',
      'c.ts': 'export const c = 1\nexport type c2 = 1',
      'use.ts': `import { deep, renamed, ns, lost } from './index'\nimport Thing from './b'\nimport * as all from './index'
export function run() { deep(); renamed(); all.deep(); Thing.make(); new Thing().go(); all.ns.c; ns.c; lost() }`,
    },
    has: [
      'calls use.ts#run(). -> b.ts#deep().',
      'calls use.ts#run(). -> b.ts#Thing.make().',
      'calls use.ts#run(). -> b.ts#Thing.go().',
      'instantiates use.ts#run(). -> b.ts#Thing',
      'references use.ts#run(). -> c.ts#c.',
      'exports index.ts -> b.ts#deep(). as renamed',
      'exports index.ts -> c.ts as ns',
      'exports index.ts -> unresolved:c.ts#lost unresolved',
      'calls use.ts#run(). -> unresolved:c.ts#lost unresolved',
    ],
  },
  {
    name: 'classes: this, super, static, inheritance over files, private names; certain receivers only',
    files: {
      'base.ts': 'export class Base { hello() {} static build() {} }',
      'iface.ts': 'export interface Port { open(): void }',
      'sub.ts': `import { Base } from './base'\nimport type { Port } from './iface'
export class Sub extends Base implements Port {
  open() { this.hello(); this.#p(); super.hello(); Sub.build(); this.unknown() }
  #p() {}
  static all() { this.build() }
  arrow = () => this.open()
}
export function use(port: Port, any: unknown) { port.open(); any.open(); const s = new Sub(); s.hello(); let t = new Sub(); t = other(); t.hello() }
declare function other(): Sub`,
    },
    has: [
      'extends sub.ts#Sub -> base.ts#Base',
      'implements sub.ts#Sub -> iface.ts#Port type',
      'calls sub.ts#Sub.open(). -> base.ts#Base.hello().',
      'calls sub.ts#Sub.open(). -> sub.ts#Sub.#p().',
      'calls sub.ts#Sub.open(). -> base.ts#Base.build().',
      'calls sub.ts#Sub.all(). -> base.ts#Base.build().',
      'calls sub.ts#Sub.arrow(). -> sub.ts#Sub.open().',
      'calls sub.ts#use(). -> iface.ts#Port.open(). inferred',
      'calls sub.ts#use(). -> base.ts#Base.hello().',
      'instantiates sub.ts#use(). -> sub.ts#Sub',
    ],
  },
  {
    name: 'shadowed names give no edge; nested functions, hoisting, overloads and merged declarations do',
    files: {
      'a.ts': `import { dep } from './dep'
export function shadow(dep: () => void) { dep() }
export function inner() { { const dep = 1; dep } later(); function nested() { dep() } nested() }
function later(): void
function later(x?: string): void
function later() {}
export const User = {}
export type User = typeof User
export function both(u: User) { return User }`,
      'dep.ts': 'export const dep = () => {}',
    },
    has: [
      'calls a.ts#inner(). -> a.ts#later().',
      'calls a.ts#inner(). -> a.ts#inner().nested().',
      'calls a.ts#inner().nested(). -> dep.ts#dep().',
      'references a.ts#both(). -> a.ts#User type',
      'references a.ts#both(). -> a.ts#User.',
    ],
    not: ['calls a.ts#shadow(). ->', 'references a.ts#inner(). -> dep', 'defines a.ts -> a.ts#later(+1)'],
  },
  {
    name: 'CommonJS: exports in every form, require in every form, prototypes, objects with methods',
    files: {
      'lib.js': `'use strict'
function Hooks () { this.list() }
Hooks.prototype.list = function () { helper() }
Hooks.create = function () { return new Hooks() }
function helper () {}
const service = { run () { this.stop() }, stop: () => helper() }
module.exports = { Hooks, service, make: () => new Hooks(), VERSION: '1' }`,
      'single.js': 'module.exports = function single () {}\nmodule.exports.extra = function () {}',
      'barrel.js': `exports.single = require('./single')\nmodule.exports.lib = require('./lib')`,
      'use.js': `const { Hooks, service: s, make } = require('./lib')\nconst single = require('./single')\nconst barrel = require('./barrel')
const list = require('./lib').make
function go () { new Hooks(); Hooks.create(); s.run(); make(); list(); single(); single.extra(); barrel.single(); barrel.lib.make() }
if (x) require('./lazy')
module.exports = go`,
      'lazy.js': '',
      'esm.mjs': `import lib, { make } from './lib.js'\nimport one from './single.js'\nmake(); lib.make(); one()`,
    },
    has: [
      'calls lib.js#Hooks(). -> lib.js#Hooks().list().',
      'calls lib.js#Hooks().list(). -> lib.js#helper().',
      'instantiates lib.js#Hooks().create(). -> lib.js#Hooks().',
      'calls lib.js#service.run(). -> lib.js#service.stop().',
      'exports lib.js -> lib.js#make().',
      'exports lib.js -> lib.js#VERSION.',
      'imports use.js -> lazy.js',
      'instantiates use.js#go(). -> lib.js#Hooks().',
      'calls use.js#go(). -> lib.js#Hooks().create().',
      'calls use.js#go(). -> lib.js#service.run().',
      'calls use.js#go(). -> lib.js#make().',
      'calls use.js#go(). -> single.js#single().',
      'calls use.js#go(). -> single.js#extra().',
      'calls esm.mjs -> lib.js#make().',
      'calls esm.mjs -> single.js#single().',
    ],
  },
  {
    name: 'namespaces, enums, JSX, decorators, aliases, declaration files',
    files: {
      'ns.ts': `export namespace NS { export function f() {} export const v = 1 }\nexport enum Level { Low }\nimport Alias = NS\nAlias.f()\nexport const low = Level.Low`,
      'view.tsx': `import { Button } from './button'\nimport * as ui from './button'\nexport const View = () => <div><Button /><ui.Button /></div>`,
      'button.tsx': 'export function Button() { return <b /> }',
      'deco.ts': `export function Inject() { return () => {} }\n@Inject() export class Service {}`,
      'types.d.ts': `import { X } from './x'\ninterface Hidden { x: X }\nexport interface Shown extends Hidden {}`,
      'x.d.ts': 'export interface X {}',
      'y.ts': `import type { Hidden } from './types'\nexport type Y = Hidden`,
    },
    has: [
      'calls ns.ts -> ns.ts#NS.f().',
      'references ns.ts#low. -> ns.ts#Level',
      'references view.tsx#View(). -> button.tsx#Button().',
      'calls deco.ts#Service -> deco.ts#Inject().',
      'references y.ts#Y -> types.d.ts#Hidden type',
      'extends types.d.ts#Shown -> types.d.ts#Hidden',
    ],
  },
]

for (const [title, scenarios] of Object.entries({ resolution, names })) {
  t.test(title, async (t) => {
    for (const { name, files, has, not = [] } of scenarios) {
      const lines = edgeLines(await analyzeTree(files))
      t.strictSame(
        has.filter((line) => !lines.includes(line)),
        [],
        `${name}: all edges are there`,
      )
      for (const start of not)
        t.notOk(
          lines.find((line) => line.startsWith(start)),
          `${name}: no ${start}`,
        )
    }
  })
}
