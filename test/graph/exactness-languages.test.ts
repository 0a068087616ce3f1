import { type Scenario, testScenarios } from './scenarios.ts'

/** Mistakes that the compilers of Go and Java have brought to light; each scenario is one of them. */
const scenarios: Scenario[] = [
  {
    name: 'Go: names count in their blocks, from their declaration on',
    files: {
      'go.mod': 'module x\n',
      'a.go': `package x

type A struct{}
type B struct{}
type args struct{ n int }

func (A) Run() {}
func (B) Run() {}
func diff() int { return 1 }

func both(c bool) {
	if c {
		v := &A{}
		v.Run()
	} else {
		v := &B{}
		v.Run()
	}
	diff := diff()
	_ = diff
}

func table() {
	tests := []struct {
		args args
	}{{args{1}}}
	_ = tests
}

type Holder struct{ diff int }

func (h *Holder) get() int { return diff() }
`,
    },
    has: [
      'calls a.go#both(). -> a.go#A.Run().',
      'calls a.go#both(). -> a.go#B.Run().',
      'calls a.go#both(). -> a.go#diff().',
      'instantiates a.go#table(). -> a.go#args',
      'calls a.go#Holder.get(). -> a.go#diff().',
    ],
  },
  {
    name: 'Go: files of a package that only values, types in conversions and embedded fields are used of; build constraints',
    files: {
      'go.mod': 'module x\n',
      'main.go':
        'package main\n\nimport "x/lib"\n\nvar all = []any{lib.Table, lib.Run}\n\nfunc main() { _ = all[0].(*lib.Node); lib.Open(); lib.Fast() }\n',
      'lib/table.go': 'package lib\n\nvar Table = 1\n',
      'lib/run.go': 'package lib\n\nfunc Run() {}\n',
      'lib/node.go': 'package lib\n\ntype Node struct{}\n',
      'lib/unused.go': 'package lib\n\nvar Unused = 1\n',
      'lib/a_windows.go': 'package lib\n\nfunc Open() {}\n',
      'lib/b_linux.go': 'package lib\n\nfunc Open() {}\n',
      'lib/fast_a.go': '// Text.\n\n//go:build appengine || (js && !wasm)\n\npackage lib\n\nfunc Fast() {}\n',
      'lib/fast_b.go': '// +build !appengine,!js\n// +build go1.5\n\npackage lib\n\nfunc Fast() {}\n',
    },
    has: [
      'imports main.go -> lib/table.go',
      'imports main.go -> lib/run.go',
      'imports main.go -> lib/node.go',
      'calls main.go#main(). -> lib/b_linux.go#Open(). inferred',
      'calls main.go#main(). -> lib/fast_b.go#Fast(). inferred',
    ],
    not: [
      'imports main.go -> lib/unused.go',
      'imports main.go -> lib/a_windows.go',
      'imports main.go -> lib/fast_a.go',
    ],
  },
  {
    name: 'Java: overloads by the number of arguments, variables do not hide methods',
    files: {
      'Base.java':
        'package p;\nclass Base {\n  void put(int a, int b) {}\n  void log(String f, Object... rest) {}\n  int size() { return 1; }\n}\n',
      'App.java': `package p;
class App extends Base {
  void put(int a) { put(a, 1); log("x"); log("x", 1, 2); }
  void one() { put(1); }
  int go(Base other) { int size = size(); other.put(1, 2); this.put(size, /* two */ 2); return size; }
}
`,
    },
    has: [
      'calls App.java#App.put(). -> Base.java#Base.put().',
      'calls App.java#App.put(). -> Base.java#Base.log().',
      'calls App.java#App.one(). -> App.java#App.put().',
      'calls App.java#App.go(). -> Base.java#Base.size().',
      'calls App.java#App.go(). -> Base.java#Base.put().',
    ],
    not: ['calls App.java#App.put(). -> App.java#App.put', 'calls App.java#App.go(). -> App.java#App.put'],
  },
  {
    name: 'Java: overloads that differ by types alone are told from one another by nobody here',
    files: {
      'App.java': `package p;
class App {
  void put(int a) {}
  void put(String a) {}
  void put(int a, int b) {}
  void one() { put("x"); }
  void two() { put(1, 2); }
}
`,
    },
    has: [
      'calls App.java#App.one(). -> App.java#App.put(). inferred',
      'calls App.java#App.two(). -> App.java#App.put(+2).',
    ],
    not: ['calls App.java#App.two(). -> App.java#App.put().'],
  },
  {
    name: 'Java: classes without names, nested types before inherited ones, declared types before what is first assigned',
    files: {
      'Shape.java':
        'package p;\npublic interface Shape {\n  void draw();\n  default int size() { return 1; }\n  interface Part { void cut(); }\n}\n',
      'App.java': `package p;
import java.util.AbstractList;
class App implements Shape {
  public int size() { return 2; }
  public void draw() {}
  static class Part implements Shape.Part { public void cut() {} }
  Part part() { return new Part(); }
  Shape other() {
    return new Shape() {
      public void draw() { size(); more(); }
      void more() {}
    };
  }
  Object list() {
    return new AbstractList<String>() {
      public String get(int at) { size(); return ""; }
    };
  }
  void after() { draw(); }
  void typed() { Shape shape = new App(); shape.draw(); App app = new App(); app.draw(); }
}
`,
    },
    has: [
      'instantiates App.java#App.part(). -> App.java#App.Part',
      'calls App.java#App.other().draw(). -> Shape.java#Shape.size().',
      'calls App.java#App.other().draw(). -> App.java#App.other().more().',
      'calls App.java#App.list().get(). -> App.java#App.size(). inferred',
      'calls App.java#App.after(). -> App.java#App.draw().',
      'calls App.java#App.typed(). -> Shape.java#Shape.draw(). inferred',
      'calls App.java#App.typed(). -> App.java#App.draw().',
    ],
    not: ['calls App.java#App.other().draw(). -> App.java#App.size', 'instantiates App.java#App.part(). -> Shape.java'],
  },
  {
    name: 'Java: types that a wildcard brings, wherever they stand',
    files: {
      'm/One.java': 'package m;\npublic class One { public static final int K = 1; public enum Mode { A } }',
      'm/Two.java': 'package m;\npublic class Two extends RuntimeException {}',
      'm/Three.java': 'package m;\npublic class Three {}',
      'm/Four.java': 'package m;\npublic class Four {}',
      'm/Five.java': 'package m;\npublic class Five {}',
      'm/Six.java': 'package m;\npublic class Six {}',
      'm/Seven.java': 'package m;\npublic class Seven { public static void go() {} }',
      'm/Unused.java': 'package m;\npublic class Unused {}',
      'App.java': `package p;
import java.util.*;
import m.*;
class App {
  int k = One.K;
  void a(Object o) throws Exception { try { b(); } catch (Two two) {} Four four = (Four) o; boolean is = o instanceof Five; }
  List<Three> b() { Runnable r = Seven::go; return null; }
  Class<?> c() { return Six.class; }
}
`,
    },
    has: ['One', 'Two', 'Three', 'Four', 'Five', 'Six', 'Seven'].map((name) => `imports App.java -> m/${name}.java`),
    not: ['imports App.java -> m/Unused.java'],
  },
  {
    name: 'shell: scripts sourced by variables, from folders above, from outside of the tree; substitutions are none',
    files: {
      'proj/hack/run.sh': `#!/bin/bash
here="$(cd "$(dirname "$0")" && pwd)"
source "\${PROJ_ROOT}/hack/lib/init.sh"
. "$here/lib/more.sh"
. "\${BASH_SOURCE%/*}/near.sh"
. lib/above.sh
source $HOME/.rc
. ~/.rc
. /etc/release
source <(make completion)
source "$1"
`,
      'proj/hack/lib/init.sh': '',
      'proj/hack/lib/more.sh': '',
      'proj/hack/near.sh': '',
      'proj/lib/above.sh': '',
      'proj/hack/.rc': '',
      'proj/hack/etc/release': '',
      'etc/release': '',
    },
    has: [
      'imports proj/hack/run.sh -> proj/hack/lib/init.sh inferred',
      'imports proj/hack/run.sh -> proj/hack/lib/more.sh inferred',
      'imports proj/hack/run.sh -> proj/hack/near.sh',
      'imports proj/hack/run.sh -> proj/lib/above.sh inferred',
      'imports proj/hack/run.sh -> unresolved:~/.rc unresolved',
      'imports proj/hack/run.sh -> unresolved:/etc/release unresolved',
    ],
    not: [
      'imports proj/hack/run.sh -> proj/hack/.rc',
      'imports proj/hack/run.sh -> proj/hack/etc',
      'imports proj/hack/run.sh -> etc/',
      'imports proj/hack/run.sh -> unresolved:proj',
      'imports proj/hack/run.sh -> unresolved:<',
    ],
  },
  {
    name: 'C#: overloads, scopes of locals, types in patterns, casts and arguments of types',
    files: {
      'App.cs': `using System.Collections.Generic;
using Models;
namespace X {
class App : Base {
  void Put(int a) { Put(a, 1); }
  void Default(int a, int b = 2) {}
  void Many(params object[] all) {}
  void Go(object o) {
    Default(1); Many(1, 2, 3); Put(1);
    if (o is Three three) { three.Run(); }
    switch (o) { case Four four: four.Run(); break; }
    var list = new List<Five>();
    { Two t = new Two(); t.Run(); }
    { Six t = new Six(); t.Run(); }
  }
}
class Base { public void Put(int a, int b) {} }
}
`,
      ...Object.fromEntries(
        ['Two', 'Three', 'Four', 'Five', 'Six', 'Unused'].map((name) => [
          `${name}.cs`,
          `namespace Models { public class ${name} { public void Run() {} } }\n`,
        ]),
      ),
    },
    has: [
      'calls App.cs#X.App.Put(). -> App.cs#X.Base.Put().',
      'calls App.cs#X.App.Go(). -> App.cs#X.App.Default().',
      'calls App.cs#X.App.Go(). -> App.cs#X.App.Many().',
      'calls App.cs#X.App.Go(). -> App.cs#X.App.Put().',
      'calls App.cs#X.App.Go(). -> Two.cs#Models.Two.Run().',
      'calls App.cs#X.App.Go(). -> Six.cs#Models.Six.Run().',
      'calls App.cs#X.App.Go(). -> Three.cs#Models.Three.Run(). inferred',
      'calls App.cs#X.App.Go(). -> Four.cs#Models.Four.Run(). inferred',
      ...['Two', 'Three', 'Four', 'Five', 'Six'].map((name) => `imports App.cs -> ${name}.cs`),
    ],
    not: ['calls App.cs#X.App.Put(). -> App.cs#X.App.Put', 'imports App.cs -> Unused.cs'],
  },
]

testScenarios(scenarios)
