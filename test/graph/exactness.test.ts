import { type Scenario, testScenarios } from './scenarios.ts'

/** Mistakes that bodies of published code have brought to light; each scenario is one of them. */
const scenarios: Scenario[] = [
  {
    name: 'C and C++: names in declarators of any form',
    files: {
      'a.h': `#ifdef __cplusplus
extern "C" {
#endif
typedef int (*callback)(int);
typedef struct point *point_ref;
typedef int row[3];
typedef struct tagged { int x; } tagged;
typedef enum { ONE } plain;
extern int table[4];
int (*handler)(int);
API Thing *made(int a);
#ifdef __cplusplus
}
#endif
`,
      'b.cc': `namespace n {
class Outer {
 public:
  class Inner;
  bool operator==(const Outer& other) const { return true; }
  operator bool() const { return true; }
  Outer& operator=(const Outer&);
};
class Outer::Inner { int a; };
template <typename T> int Deep<T>::Er::run(int a) { return a; }
API Thing *macro(int a) { Set s(a); if (a) { return 0; } }
}
`,
    },
    nodes: [
      'type a.h#callback',
      'type a.h#point_ref',
      'type a.h#row',
      'class a.h#tagged',
      'enum a.h#plain',
      'variable a.h#table.',
      'variable a.h#handler.',
      'function a.h#made().',
      'method b.cc#n.Outer.operator==().',
      'method b.cc#n.Outer.operator bool().',
      'method b.cc#n.Outer.operator=().',
      'class b.cc#n.Outer.Inner',
      'method b.cc#n.Deep.Er.run().',
      'function b.cc#n.macro().',
    ],
    not: ['type a.h#tagged', 'function b.cc#n.macro().s', 'function b.cc#n.s', 'function b.cc#n.macro().if'],
  },
  {
    name: 'C++: classes that name each other as bases, one in the other',
    files: {
      'deep.cc': Array.from({ length: 24 }, (_, at) => {
        const [next, other] = [(at + 1) % 24, (at + 7) % 24]
        return `struct A${at} : A${next}, A${other} { struct B : C${at}, D { struct E : B, F { void go() { lost${at}(); } }; }; };`
      }).join('\n'),
    },
    nodes: ['method deep.cc#A3.B.E.go().'],
  },
  {
    name: 'Rust: modules that import all of each other, associated types',
    files: {
      'Cargo.toml': '[package]\nname = "x"\n',
      'src/lib.rs':
        'mod lib { mod core { pub use std::*; } pub use self::core::*; pub use core::*; pub use alloc::*; }\nmod a;\nmod b;\npub use a::*;\npub use b::*;\nuse lib::*;\npub fn start() { found(); Missing::new(); }\n',
      'src/a.rs':
        'use lib::*;\nuse super::*;\nuse b::*;\npub trait T { type Item; }\nfn go() { Gone::new(); Missing::new(); found(); }\n',
      'src/b.rs': 'use lib::*;\nuse super::*;\nuse a::*;\npub fn found() { Missing::new(); }\n',
    },
    nodes: ['type src/a.rs#T.Item'],
    has: ['calls src/lib.rs#start(). -> src/b.rs#found().', 'calls src/a.rs#go(). -> src/b.rs#found().'],
  },
  {
    name: 'C++: specializations of templates; C#: destructors',
    files: {
      'a.h': 'template <typename T> struct is_x : no {};\ntemplate <> struct is_x<int> : yes { void go() {} };\n',
      'A.cs': 'class A { public A() {} ~A() { Stop(); } void Stop() {} }\n',
    },
    nodes: ['class a.h#is_x', 'method a.h#is_x(+1).go().', 'method A.cs#A.~A().'],
    has: ['calls A.cs#A.~A(). -> A.cs#A.Stop().'],
  },
  {
    name: 'shell: a function that cannot be read does not hide the others',
    files: {
      'a.sh':
        'one() {\n  two\n}\nbad() {\n  while (($# > 0)) && [[ $1 != -- ]]; do\n    shift\n  done\n}\ntwo() {\n  echo\n}\n',
    },
    nodes: ['function a.sh#one().', 'function a.sh#two().'],
    has: ['calls a.sh#one(). -> a.sh#two().'],
  },
  {
    name: 'objects that are exported: their methods; options of Vue components',
    files: {
      'a.vue':
        "<template><p/></template>\n<script>\nimport { help } from './b.js'\nexport default {\n  data() { return {} },\n  methods: {\n    save() { this.check(); help() },\n    check: function () {},\n  },\n}\n</script>\n",
      'b.js':
        'export function help() {}\nexport default { run() { this.stop() }, stop() { help() }, nested: { deep() {} } }\n',
    },
    nodes: ['method a.vue#default.save().', 'method a.vue#default.check().', 'method b.js#default.run().'],
    has: [
      'calls a.vue#default.save(). -> b.js#help().',
      'calls a.vue#default.save(). -> a.vue#default.check(). inferred',
      'calls b.js#default.run(). -> b.js#default.stop().',
      'calls b.js#default.stop(). -> b.js#help().',
    ],
    not: ['method b.js#default.deep'],
  },
  {
    name: 'Python: stubs import stubs',
    files: {
      'p/__init__.pyi': 'from . import a\nfrom .b import x\n',
      'p/__init__.py': 'from . import a\n',
      'p/a.py': '',
      'p/a.pyi': '',
      'p/b.py': 'x = 1\n',
    },
    has: ['imports p/__init__.pyi -> p/a.pyi', 'imports p/__init__.py -> p/a.py', 'imports p/__init__.pyi -> p/b.py'],
  },
  {
    name: 'Python: projects of one tree import each other, parts of a namespace package lie in several',
    files: {
      'one/pyproject.toml': '[project]\nname = "one"\n',
      'one/src/org/cloud/store.py': 'from org.cloud import tables, queue\nimport two_tool.deep\nimport logging\n',
      'one/src/org/cloud/tables.py': '',
      'two/setup.py': '',
      'two/org/cloud/queue.py': '',
      'two/two_tool/__init__.py': '',
      'two/two_tool/deep.py': '',
      'two/logging.py': '',
    },
    has: [
      'imports one/src/org/cloud/store.py -> one/src/org/cloud/tables.py',
      'imports one/src/org/cloud/store.py -> two/org/cloud/queue.py',
      'imports one/src/org/cloud/store.py -> two/two_tool/deep.py inferred',
      'imports one/src/org/cloud/store.py -> python:logging',
    ],
  },
  {
    name: 'Java: elements of annotations, compact constructors',
    files: {
      'A.java':
        '@interface A { int size() default 1; }\nrecord R(int a) { R { check(a); } static void check(int a) {} }\n',
    },
    nodes: ['method A.java#A.size().', 'method A.java#R.R().'],
    has: ['calls A.java#R.R(). -> A.java#R.check().'],
  },
  {
    name: 'C++: members that are templates or stand between conditions, conversions outside of their class',
    files: {
      'a.h': `namespace N {
class A {
#ifndef OLD
  template <typename G>
  static Made Accessor(const char* name, void* data = nullptr);
  template <typename T> A(T one);
#endif
};
inline A::operator bool() const { return true; }
}
`,
    },
    nodes: ['method a.h#N.A.Accessor().', 'method a.h#N.A.A().', 'method a.h#N.A.operator bool().'],
  },
  {
    name: 'C++: macros where the grammar expects none',
    files: {
      'a.h': `class DB_EXPORT Store : public Base {
 public:
  int get() const NOEXCEPT { return help(); }
  virtual void put() NOEXCEPT = 0;
};
struct ALIGNED(8) Cell { int one() { if (x) STOP; return 1; } };
inline int Store::size() const
    NOEXCEPT { return 0; }
DECLARE_STACK_OF(Store)
PUBFUN int * CALLBACK found(void);
typedef void (CALLBACK *handler)(int a);
#define LIMIT SIZE_OF(16)
static DWORD kept(void) { return 0; }
int after(int a) __THROW __nonnull ((1)) __wur;
#define after after64
`,
    },
    nodes: [
      'class a.h#Store',
      'class a.h#Cell',
      'method a.h#Store.get().',
      'method a.h#Store.put().',
      'method a.h#Store.size().',
      'method a.h#Cell.one().',
      'function a.h#after().',
      'function a.h#found().',
      'type a.h#handler',
      'variable a.h#LIMIT.',
      'function a.h#kept().',
    ],
  },
  {
    name: 'C and C++: include folders of build files',
    files: {
      'app/CMakeLists.txt': `project(x)
include_directories(third/inc # of all targets
)
target_include_directories(app SYSTEM PUBLIC \${CMAKE_CURRENT_SOURCE_DIR}/deps/one "$<BUILD_INTERFACE:\${PROJECT_SOURCE_DIR}/deps/two>" \${OTHER}/x)
`,
      'app/sub/CMakeLists.txt': `target_include_directories(sub PUBLIC \${CMAKE_SOURCE_DIR}/api)\n`,
      'app/sub/main.c':
        '#include <third.h>\n#include "one.h"\n#include <two/two.h>\n#include <api.h>\n#include <stdio.h>\n',
      'app/third/inc/third.h': '',
      'app/deps/one/one.h': '',
      'app/deps/two/two/two.h': '',
      'app/api/api.h': '',
      'made/Makefile': 'CFLAGS = -Wall -Iapi -I "$(CURDIR)/more" -I$(OTHER)\n',
      'made/a.c': '#include "mine.h"\n#include <more.h>\n',
      'made/api/mine.h': '',
      'made/more/more.h': '',
      'node/binding.gyp': `{ # for node
  'targets': [{ "include_dirs": ["<!(node -p x)", 'headers'] }] }`,
      'node/a.cc': '#include <napi.h>\n#include <head.h>\n',
      'node/headers/head.h': '',
      'meson/meson.build': "inc = include_directories('lib/headers')\n",
      'meson/src/a.c': '#include "deep.h"\n',
      'meson/lib/headers/deep.h': '',
      'db/compile_commands.json': JSON.stringify([
        {
          directory: '/home/me/x/db/build',
          file: '../src/a.c',
          arguments: ['cc', '-I', '../own', '-I/home/me/x/db/abs', '-isystem/usr/x'],
        },
      ]),
      'db/src/a.c': '#include "own.h"\n#include "abs.h"\n',
      'db/own/own.h': '',
      'db/abs/abs.h': '',
      'z/stdio.h': '',
    },
    has: [
      'imports app/sub/main.c -> app/third/inc/third.h inferred',
      'imports app/sub/main.c -> app/deps/one/one.h inferred',
      'imports app/sub/main.c -> app/deps/two/two/two.h inferred',
      'imports app/sub/main.c -> app/api/api.h inferred',
      'imports app/sub/main.c -> system:stdio.h inferred',
      'imports made/a.c -> made/api/mine.h inferred',
      'imports made/a.c -> made/more/more.h inferred',
      'imports node/a.cc -> node/headers/head.h inferred',
      'imports node/a.cc -> system:napi.h inferred',
      'imports meson/src/a.c -> meson/lib/headers/deep.h inferred',
      'imports db/src/a.c -> db/own/own.h inferred',
      'imports db/src/a.c -> db/abs/abs.h inferred',
    ],
  },
]

testScenarios(scenarios)
