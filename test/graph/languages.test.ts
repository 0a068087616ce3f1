import t from 'tap'
import type { Files } from './tree.ts'
import { analyzeTree, edgeLines } from './tree.ts'

interface Scenario {
  name: string
  files: Files
  /** Keys of nodes, with their kind before them. */
  nodes?: string[]
  has: string[]
  /** Beginnings of lines that must not be there. */
  not?: string[]
}

const scenarios: Scenario[] = [
  {
    name: 'Go: modules, packages of several files, methods outside of their type, typed receivers, embedded types',
    files: {
      'go.mod':
        'module example.com/app\n\ngo 1.22\n\nrequire (\n\tgithub.com/lib/pq v1.10.0\n)\nreplace example.com/other => ./vendored/other\n',
      'main.go': `package main

import (
	"fmt"
	u "example.com/app/util"
	"example.com/other/thing"
	"example.com/app/gone"
	"github.com/lib/pq/oid"
	"github.com/x/y/z"
)

// Server serves.
type Server struct { *Base; log u.Logger }
type Runner interface { Run() error }

func (s *Server) Run(x u.Opts) error {
	s.stop()
	u.Do(x)
	x.Go()
	helper()
	s.log.Info()
	y := &Server{}
	y.Run(x)
	fmt.Println("u.Do()") // u.Do()
	thing.Make()
	for _, helper := range x.All() { helper() }
	return nil
}
`,
      'base.go':
        'package main\n\ntype Base struct{}\n\nfunc (b Base) Ping() {}\nfunc (s *Server) stop() { s.Ping() }\nfunc helper() {}\n',
      'util/do.go': 'package util\n\nfunc Do(o Opts) {}\n',
      'util/opts.go':
        'package util\n\ntype Opts struct{}\nfunc (o Opts) Go() {}\ntype Logger struct{}\nfunc (l *Logger) Info() {}\nfunc unused() {}\n',
      'util/extra.go': 'package util\n\nvar Extra = 1\n',
      'vendored/other/thing/thing.go': 'package thing\n\nfunc Make() {}\n',
    },
    nodes: [
      'class main.go#Server',
      'interface main.go#Runner',
      'method main.go#Server.Run().',
      'method base.go#Server.stop().',
      'method util/opts.go#Opts.Go().',
      'variable util/extra.go#Extra.',
    ],
    has: [
      'imports main.go -> util/',
      'imports main.go -> util/do.go',
      'imports main.go -> util/opts.go',
      'imports main.go -> vendored/other/thing/thing.go',
      'imports main.go -> go:fmt',
      'imports main.go -> gomod:github.com/lib/pq',
      'imports main.go -> gomod:github.com/x/y inferred',
      'imports main.go -> unresolved:example.com/app/gone unresolved',
      'extends main.go#Server -> base.go#Base',
      'calls main.go#Server.Run(). -> base.go#Server.stop().',
      'calls main.go#Server.Run(). -> base.go#helper().',
      'calls main.go#Server.Run(). -> util/do.go#Do().',
      'calls main.go#Server.Run(). -> util/opts.go#Opts.Go().',
      'calls main.go#Server.Run(). -> util/opts.go#Logger.Info().',
      'calls main.go#Server.Run(). -> main.go#Server.Run().',
      'calls main.go#Server.Run(). -> vendored/other/thing/thing.go#Make().',
      'calls base.go#Server.stop(). -> base.go#Base.Ping().',
      'instantiates main.go#Server.Run(). -> main.go#Server',
      'references main.go#Server.Run(). -> util/opts.go#Opts type',
    ],
    not: ['imports main.go -> util/extra.go'],
  },
  {
    name: 'Java: packages, static and wildcard imports, nested types, inheritance, fields and parameters with types',
    files: {
      'src/com/x/app/App.java': `package com.x.app;
import com.x.model.*;
import com.x.util.Strings;
import static com.x.util.Strings.join;
import java.util.List;
import org.other.Lib;
/** Runs. */
@Deprecated
public class App extends Base implements Runner {
  private final Store store = new Store();
  public App(Store s) { super(s); }
  // helper();
  public void run(List<User> users, User u) {
    helper(); this.stop(); store.save(u); u.name(); join("helper()"); Strings.split(); inherited(); new Inner().go(); super.ping();
    Lib.call();
  }
  private void helper() {}
  void stop() {}
  static class Inner { void go() { helper(); } }
}`,
      'src/com/x/app/Base.java': 'package com.x.app;\npublic class Base { void inherited() {} void ping() {} }',
      'src/com/x/app/Runner.java': 'package com.x.app;\npublic interface Runner { void run(); }',
      'src/com/x/model/User.java':
        'package com.x.model;\npublic record User(String name) { public String name() { return name; } }',
      'src/com/x/model/Store.java': 'package com.x.model;\npublic class Store { public void save(User u) {} }',
      'src/com/x/util/Strings.java':
        'package com.x.util;\npublic final class Strings { public static String join(String s) { return s; } public static void split() {} }',
    },
    nodes: [
      'class src/com/x/app/App.java#App',
      'method src/com/x/app/App.java#App.run().',
      'class src/com/x/app/App.java#App.Inner',
      'class src/com/x/model/User.java#User',
      'interface src/com/x/app/Runner.java#Runner',
    ],
    has: [
      'imports src/com/x/app/App.java -> src/com/x/util/Strings.java',
      'imports src/com/x/app/App.java -> src/com/x/model/User.java',
      'imports src/com/x/app/App.java -> src/com/x/model/Store.java',
      'imports src/com/x/app/App.java -> java:java.util',
      'imports src/com/x/app/App.java -> maven:org.other inferred',
      'extends src/com/x/app/App.java#App -> src/com/x/app/Base.java#Base',
      'implements src/com/x/app/App.java#App -> src/com/x/app/Runner.java#Runner type',
      'calls src/com/x/app/App.java#App.run(). -> src/com/x/app/App.java#App.helper().',
      'calls src/com/x/app/App.java#App.run(). -> src/com/x/app/App.java#App.stop().',
      'calls src/com/x/app/App.java#App.run(). -> src/com/x/model/Store.java#Store.save(). inferred',
      'calls src/com/x/app/App.java#App.run(). -> src/com/x/model/User.java#User.name(). inferred',
      'calls src/com/x/app/App.java#App.run(). -> src/com/x/util/Strings.java#Strings.join().',
      'calls src/com/x/app/App.java#App.run(). -> src/com/x/util/Strings.java#Strings.split().',
      'calls src/com/x/app/App.java#App.run(). -> src/com/x/app/Base.java#Base.inherited().',
      'calls src/com/x/app/App.java#App.run(). -> src/com/x/app/Base.java#Base.ping().',
      'calls src/com/x/app/App.java#App.Inner.go(). -> src/com/x/app/App.java#App.helper().',
      'instantiates src/com/x/app/App.java#App -> src/com/x/model/Store.java#Store',
      'instantiates src/com/x/app/App.java#App.run(). -> src/com/x/app/App.java#App.Inner',
    ],
  },
  {
    name: 'Rust: mod files, use trees, re-exports, crates of a workspace, impl blocks',
    files: {
      'app/Cargo.toml': '[package]\nname = "my-app"\n[dependencies]\nserde = "1"\nmy-lib = { path = "../lib" }\n',
      'app/src/main.rs': `mod util;
mod deep;
use crate::util::{helper, Thing as T};
use deep::inner::leaf;
use my_lib::Exported;
use std::collections::HashMap;
use serde::Serialize;
use other::Missing;
use crate::gone::Nothing;
/// Runs it.
#[derive(Debug)]
pub struct App { thing: T }
pub trait Run { fn run(&self); }
impl Run for App { fn run(&self) { self.stop(); helper(); leaf(); } }
impl App { fn stop(&self) {} pub fn new(t: T) -> Self { t.go(); Self::make(); util::helper(); let e = Exported::new(); e.open(); App { thing: t } } fn make() {} }
fn main() { let app = App::new(T::new()); app.run(); }
`,
      'app/src/util.rs':
        'pub fn helper() { self::nested() }\nfn nested() { super::main() }\npub struct Thing;\nimpl Thing { pub fn new() -> Self { Thing } pub fn go(&self) {} }\n',
      'app/src/deep/mod.rs': 'pub mod inner;\n',
      'app/src/deep/inner.rs': 'pub fn leaf() {}\n',
      'lib/Cargo.toml': '[package]\nname = "my-lib"\n',
      'lib/src/lib.rs': 'mod hidden;\npub use hidden::Exported;\n',
      'lib/src/hidden.rs':
        'pub struct Exported;\nimpl Exported { pub fn new() -> Self { Exported } pub fn open(&self) {} }\n',
    },
    nodes: [
      'class app/src/main.rs#App',
      'interface app/src/main.rs#Run',
      'method app/src/main.rs#App.stop().',
      'function app/src/util.rs#helper().',
    ],
    has: [
      'imports app/src/main.rs -> app/src/util.rs',
      'imports app/src/main.rs -> app/src/deep/mod.rs',
      'imports app/src/deep/mod.rs -> app/src/deep/inner.rs',
      'imports app/src/main.rs -> app/src/deep/inner.rs',
      'imports app/src/main.rs -> lib/src/hidden.rs',
      'imports lib/src/lib.rs -> lib/src/hidden.rs',
      'imports app/src/main.rs -> rust:std',
      'imports app/src/main.rs -> crates:serde',
      'imports app/src/main.rs -> crates:other inferred',
      'imports app/src/main.rs -> unresolved:crate::gone::Nothing unresolved',
      'implements app/src/main.rs#App -> app/src/main.rs#Run type',
      'calls app/src/main.rs#App.run(). -> app/src/main.rs#App.stop().',
      'calls app/src/main.rs#App.run(). -> app/src/util.rs#helper().',
      'calls app/src/main.rs#App.run(). -> app/src/deep/inner.rs#leaf().',
      'calls app/src/main.rs#App.new(). -> app/src/main.rs#App.make().',
      'calls app/src/main.rs#App.new(). -> app/src/util.rs#Thing.go(). inferred',
      'calls app/src/main.rs#App.new(). -> lib/src/hidden.rs#Exported.new().',
      'calls app/src/main.rs#main(). -> app/src/main.rs#App.new().',
      'calls app/src/main.rs#main(). -> app/src/util.rs#Thing.new().',
      'calls app/src/util.rs#nested(). -> app/src/main.rs#main().',
      'calls app/src/util.rs#helper(). -> app/src/util.rs#nested().',
    ],
  },
  {
    name: 'C and C++: includes, declarations and their definitions, classes in a header, namespaces',
    files: {
      'src/main.c':
        '#include <stdio.h>\n#include "util.h"\n#include "lost.h"\n#include <shared.h>\n/* helper(); */\nstatic int local(void) { return 1; }\nint main(void) { local(); helper(2); shared(); printf("unseen()"); return 0; }\n',
      'src/util.h':
        '#ifndef UTIL_H\n#define UTIL_H\nint helper(int a);\nint unseen(void);\nstruct point { int x; };\n#endif\n',
      'src/util.c': '#include "util.h"\n/** Helps. */\nint helper(int a) { return a; }\n',
      'include/shared.h': 'void shared(void);\n',
      'other.c': 'int helper(int a) { return 0; }\n',
      'src/app.hpp':
        '#pragma once\nnamespace app {\nclass Base { public: void ping(); };\nclass App : public Base {\n public:\n  void run();\n  void stop() { run(); }\n};\n}\n',
      'src/app.cpp':
        '#include "app.hpp"\nnamespace app {\nvoid App::run() { stop(); this->ping(); App other; other.run(); auto *p = new App(); }\nvoid Base::ping() {}\n}\n',
    },
    nodes: [
      'function src/util.c#helper().',
      'class src/util.h#point',
      'class src/app.hpp#app.App',
      'function src/main.c#main().',
    ],
    has: [
      'imports src/main.c -> src/util.h',
      'imports src/main.c -> include/shared.h inferred',
      'imports src/main.c -> system:stdio.h inferred',
      'imports src/main.c -> unresolved:src/lost.h unresolved',
      'calls src/main.c#main(). -> src/main.c#local().',
      'calls src/main.c#main(). -> src/util.c#helper().',
      'calls src/main.c#main(). -> include/shared.h#shared().',
      'extends src/app.hpp#app.App -> src/app.hpp#app.Base',
      'calls src/app.hpp#app.App.stop(). -> src/app.cpp#app.App.run().',
      'calls src/app.cpp#app.App.run(). -> src/app.hpp#app.App.stop().',
      'calls src/app.cpp#app.App.run(). -> src/app.cpp#app.Base.ping().',
      'instantiates src/app.cpp#app.App.run(). -> src/app.hpp#app.App',
    ],
    not: ['calls src/main.c#main(). -> other.c'],
  },
  {
    name: 'C#: namespaces, using, partial order of names, interfaces in the list of bases',
    files: {
      'App.cs': `using System;
using Company.Models;
using Util = Company.Tools.Helper;
using Newtonsoft.Json;
namespace Company.App;
/// <summary>Runs.</summary>
public class App : Base, IRun {
  private readonly Store _store;
  public void Run(User u) { Stop(); this.Stop(); _store.Save(u); Util.Do(); u.Go(); var s = new Store(); s.Save(u); base.Ping(); Company.Tools.Helper.Do(); }
  private void Stop() {}
}
public interface IRun { void Run(User u); }`,
      'Base.cs': 'namespace Company.App { public class Base { public void Ping() {} } }',
      'Models.cs':
        'namespace Company.Models { public class User { public void Go() {} } public class Store { public void Save(User u) {} } }',
      'Tools.cs': 'namespace Company.Tools { public static class Helper { public static void Do() {} } }',
    },
    nodes: [
      'class App.cs#App',
      'interface App.cs#IRun',
      'namespace Models.cs#Company.Models',
      'method Tools.cs#Company.Tools.Helper.Do().',
    ],
    has: [
      'imports App.cs -> dotnet:System',
      'imports App.cs -> Models.cs',
      'imports App.cs -> Tools.cs',
      'imports App.cs -> nuget:Newtonsoft.Json inferred',
      'extends App.cs#App -> Base.cs#Company.App.Base',
      'implements App.cs#App -> App.cs#IRun',
      'calls App.cs#App.Run(). -> App.cs#App.Stop().',
      'calls App.cs#App.Run(). -> Models.cs#Company.Models.Store.Save().',
      'calls App.cs#App.Run(). -> Models.cs#Company.Models.User.Go(). inferred',
      'calls App.cs#App.Run(). -> Tools.cs#Company.Tools.Helper.Do().',
      'calls App.cs#App.Run(). -> Base.cs#Company.App.Base.Ping().',
      'instantiates App.cs#App.Run(). -> Models.cs#Company.Models.Store',
    ],
  },
  {
    name: 'PHP: namespaces, use, groups and functions, traits, included files',
    files: {
      'src/Core/Foo.php': `<?php
namespace App\\Core;
use App\\Models\\User;
use App\\Util\\{A, B as C};
use function App\\helper;
use Vendor\\Thing\\X;
require_once __DIR__ . '/extra.php';
/** Doc. */
class Foo extends Base implements \\App\\Core\\Run {
  use Loggable;
  private User $user;
  public function run(User $u): void { helper(); $this->stop(); self::make(); parent::ping(); User::find(1); $u->go(); $x = new C(); $x->go(); $this->user->go(); $this->log(); extra(); \\App\\helper(); }
  public function stop() {}
  public static function make() {}
}
interface Run {}
trait Loggable { public function log() {} }`,
      'src/Core/Base.php': '<?php\nnamespace App\\Core;\nabstract class Base { public function ping() {} }',
      'src/Core/extra.php': '<?php\nfunction extra() {}',
      'src/Models/User.php':
        '<?php\nnamespace App\\Models;\nclass User { public function go() {} public static function find($id) {} }',
      'src/Util/all.php': '<?php\nnamespace App\\Util;\nclass A {}\nclass B { public function go() {} }',
      'src/functions.php': '<?php\nnamespace App;\nfunction helper() {}',
    },
    nodes: [
      'class src/Core/Foo.php#Foo',
      'interface src/Core/Foo.php#Run',
      'class src/Core/Foo.php#Loggable',
      'function src/functions.php#helper().',
    ],
    has: [
      'imports src/Core/Foo.php -> src/Models/User.php',
      'imports src/Core/Foo.php -> src/Util/all.php',
      'imports src/Core/Foo.php -> src/functions.php',
      'imports src/Core/Foo.php -> src/Core/extra.php',
      'imports src/Core/Foo.php -> packagist:Vendor\\Thing inferred',
      'extends src/Core/Foo.php#Foo -> src/Core/Base.php#Base',
      'extends src/Core/Foo.php#Foo -> src/Core/Foo.php#Loggable',
      'implements src/Core/Foo.php#Foo -> src/Core/Foo.php#Run type',
      'calls src/Core/Foo.php#Foo.run(). -> src/functions.php#helper().',
      'calls src/Core/Foo.php#Foo.run(). -> src/Core/Foo.php#Foo.stop().',
      'calls src/Core/Foo.php#Foo.run(). -> src/Core/Foo.php#Foo.make().',
      'calls src/Core/Foo.php#Foo.run(). -> src/Core/Base.php#Base.ping().',
      'calls src/Core/Foo.php#Foo.run(). -> src/Models/User.php#User.find().',
      'calls src/Core/Foo.php#Foo.run(). -> src/Models/User.php#User.go(). inferred',
      'calls src/Core/Foo.php#Foo.run(). -> src/Util/all.php#B.go().',
      'calls src/Core/Foo.php#Foo.run(). -> src/Core/Foo.php#Loggable.log().',
      'calls src/Core/Foo.php#Foo.run(). -> src/Core/extra.php#extra().',
      'instantiates src/Core/Foo.php#Foo.run(). -> src/Util/all.php#B',
    ],
  },
  {
    name: 'Ruby: nesting, mixins, required files; a constant that nobody loads is inferred',
    files: {
      'lib/app.rb': `require 'json'
require 'app/tool'
require_relative 'app/base'
require_relative 'gone'
module App
  # Main.
  class Main < Base
    include Mixin
    def run(x)
      helper(1)
      self.stop
      ping(2)
      t = Tool.new
      t.use
      Elsewhere.find(1)
      mixed(1)
      "helper(1)" # helper(1)
    end
    def helper(a); end
    def stop; end
    def self.make; end
  end
end`,
      'lib/app/tool.rb':
        'module App\n  class Tool\n    def use; end\n  end\n  module Mixin\n    def mixed(a); end\n  end\nend',
      'lib/app/base.rb': 'module App\n  class Base\n    def ping(a); end\n  end\nend',
      'lib/app/elsewhere.rb': 'module App\n  class Elsewhere\n    def self.find(a); end\n  end\nend',
    },
    nodes: ['namespace lib/app.rb#App', 'class lib/app.rb#App.Main', 'method lib/app.rb#App.Main.run().'],
    has: [
      'imports lib/app.rb -> ruby:json',
      'imports lib/app.rb -> lib/app/tool.rb inferred',
      'imports lib/app.rb -> lib/app/base.rb',
      'imports lib/app.rb -> unresolved:lib/gone unresolved',
      'extends lib/app.rb#App.Main -> lib/app/base.rb#App.Base',
      'extends lib/app.rb#App.Main -> lib/app/tool.rb#App.Mixin',
      'calls lib/app.rb#App.Main.run(). -> lib/app.rb#App.Main.helper().',
      'calls lib/app.rb#App.Main.run(). -> lib/app.rb#App.Main.stop().',
      'calls lib/app.rb#App.Main.run(). -> lib/app/base.rb#App.Base.ping().',
      'calls lib/app.rb#App.Main.run(). -> lib/app/tool.rb#App.Tool.use().',
      'calls lib/app.rb#App.Main.run(). -> lib/app/tool.rb#App.Mixin.mixed().',
      'calls lib/app.rb#App.Main.run(). -> lib/app/elsewhere.rb#App.Elsewhere.find(). inferred',
      'instantiates lib/app.rb#App.Main.run(). -> lib/app/tool.rb#App.Tool',
    ],
  },
  {
    name: 'shell: functions, sourced scripts',
    files: {
      'bin/run.sh':
        '#!/bin/bash\nsource ./lib.sh\n. "$(dirname "$0")/util.sh"\n. /etc/profile\n# greets\ngreet() { echo "helper"; helper "$1"; }\nfunction bye { greet; x=$(deep a); }\ngreet # bye\nls\n',
      'bin/lib.sh': 'helper() { :; }\n',
      'bin/util.sh': '. ./lib.sh\ndeep() { helper; }\n',
      'bin/other.sh': 'ls() { :; }\n',
    },
    nodes: ['function bin/run.sh#greet().', 'function bin/run.sh#bye().'],
    has: [
      'imports bin/run.sh -> bin/lib.sh',
      'imports bin/run.sh -> bin/util.sh',
      'calls bin/run.sh#greet(). -> bin/lib.sh#helper().',
      'calls bin/run.sh#bye(). -> bin/run.sh#greet().',
      'calls bin/run.sh#bye(). -> bin/util.sh#deep().',
      'calls bin/run.sh -> bin/run.sh#greet().',
    ],
    not: ['calls bin/run.sh -> bin/run.sh#bye', 'calls bin/run.sh -> bin/other.sh'],
  },
]

for (const { name, files, nodes = [], has, not = [] } of scenarios) {
  t.test(name, async (t) => {
    const result = await analyzeTree(files)
    const lines = edgeLines(result)
    const keys = new Set(result.nodes.map(({ kind, key }) => `${kind} ${key}`))
    t.strictSame(
      nodes.filter((node) => !keys.has(node)),
      [],
      'all nodes are there',
    )
    t.strictSame(
      has.filter((line) => !lines.includes(line)),
      [],
      'all edges are there',
    )
    for (const start of not)
      t.notOk(
        lines.find((line) => line.startsWith(start)),
        `no ${start}`,
      )
    t.strictSame(result.notes, [], 'nothing is noted')
  })
}
