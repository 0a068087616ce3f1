import { type Scenario, testScenarios } from './scenarios.ts'

/** Modules of Rust as rustc places them (The Rust Reference, "Modules", "Use declarations"); each scenario is a mistake of earlier days. */
const scenarios: Scenario[] = [
  {
    name: 'Rust: `use` inside of inline modules and functions starts from there',
    files: {
      'Cargo.toml': '[package]\nname = "x"\nedition = "2021"\n',
      'src/lib.rs': 'mod parser;\nmod tree;\npub fn shared() {}\n',
      'src/parser.rs': `use crate::tree::Node;
pub struct Parser;
pub fn parse() -> Parser { Parser }
pub mod parsing {
    use super::Parser;
    use super::super::shared;
    pub fn deep() { shared(); }
    pub use crate::tree::grow as sow;
}
fn local() {
    use crate::tree::grow;
    grow();
}
fn other() { grow(); }
fn grow() {}
#[cfg(test)]
mod tests {
    use super::*;
    use super::parse as go;
    #[test]
    fn runs() { parse(); go(); }
}
`,
      'src/tree.rs':
        'use crate::parser::parsing::sow;\npub struct Node;\npub fn grow() { sow(); }\nmod tests {\n    use super::{grow, Node};\n    fn t() { grow(); }\n}\n',
    },
    has: [
      'imports src/parser.rs -> src/tree.rs',
      'imports src/parser.rs -> src/lib.rs',
      'calls src/parser.rs#parsing.deep(). -> src/lib.rs#shared().',
      'calls src/parser.rs#local(). -> src/tree.rs#grow().',
      'calls src/parser.rs#other(). -> src/parser.rs#grow().',
      'calls src/parser.rs#tests.runs(). -> src/parser.rs#parse().',
      'calls src/tree.rs#tests.t(). -> src/tree.rs#grow().',
      'calls src/tree.rs#grow(). -> src/tree.rs#grow().',
    ],
    not: [
      'imports src/tree.rs -> src/lib.rs',
      'imports src/tree.rs -> unresolved',
      'imports src/parser.rs -> unresolved',
      'calls src/parser.rs#other(). -> src/tree.rs',
    ],
  },
  {
    name: 'Rust: modules lie where `mod` puts them: in inline modules, by `path`, below the files of tests and programs',
    files: {
      'Cargo.toml': '[package]\nname = "x"\n[[bin]]\nname = "tool"\npath = "tools/tool.rs"\n',
      'src/lib.rs': `pub mod outer {
    pub mod inner;
    /// Elsewhere.
    #[allow(dead_code)]
    #[path = "../shared.rs"]
    mod moved;
}
#[cfg(test)]
#[path = "odd_name.rs"]
mod plain;
`,
      'src/main.rs': 'mod own;\nfn main() { own::run(); x::outer::inner::deep(); }\n',
      'src/own.rs': 'use crate::main;\npub fn run() { main(); }\n',
      'src/outer/inner.rs': 'use super::moved::helper;\npub fn deep() { helper(); }\n',
      'src/shared.rs': 'pub fn helper() {}\n',
      'src/odd_name.rs': 'use crate::outer::inner::deep;\nfn t() { deep(); }\n',
      'tests/first.rs': 'mod common;\nuse common::setup;\nfn t() { setup(); common::more::extra(); }\n',
      'tests/second.rs': 'mod common;\nuse crate::common::setup;\nfn t() { setup(); }\n',
      'tests/common/mod.rs': 'pub mod more;\nuse self::more::extra;\npub fn setup() { extra(); }\n',
      'tests/common/more.rs': 'pub fn extra() { super::setup(); }\n',
      'tools/tool.rs': 'mod part;\nuse part::one;\nfn main() { one(); }\n',
      'tools/part.rs': 'pub fn one() {}\n',
    },
    has: [
      'imports src/lib.rs -> src/outer/inner.rs',
      'imports src/lib.rs -> src/shared.rs',
      'imports src/lib.rs -> src/odd_name.rs',
      'imports src/outer/inner.rs -> src/shared.rs',
      'imports src/odd_name.rs -> src/outer/inner.rs',
      'imports src/own.rs -> src/main.rs',
      'calls src/own.rs#run(). -> src/main.rs#main().',
      'calls src/main.rs#main(). -> src/own.rs#run().',
      'calls src/main.rs#main(). -> src/outer/inner.rs#deep().',
      'imports tests/first.rs -> tests/common/mod.rs',
      'imports tests/second.rs -> tests/common/mod.rs',
      'imports tests/common/mod.rs -> tests/common/more.rs',
      'calls tests/first.rs#t(). -> tests/common/mod.rs#setup().',
      'calls tests/first.rs#t(). -> tests/common/more.rs#extra().',
      'calls tests/second.rs#t(). -> tests/common/mod.rs#setup().',
      'calls tests/common/more.rs#extra(). -> tests/common/mod.rs#setup().',
      'calls tools/tool.rs#main(). -> tools/part.rs#one().',
    ],
    not: [
      'unresolved',
      'imports src/outer/inner.rs -> unresolved',
      'imports tests/second.rs -> unresolved',
      'imports tests/common/mod.rs -> unresolved',
    ],
  },
  {
    name: 'Rust: names that macros make belong to the module that is named; one that is not there stays unresolved',
    files: {
      'Cargo.toml': '[package]\nname = "x"\nedition = "2018"\n',
      'src/lib.rs': 'mod token;\nmod item;\npub use crate::token::{Brace, made::Deep};\n',
      'src/token.rs': 'define! { pub struct Brace; }\nmod made { define! { pub struct Deep; } }\n',
      'src/item.rs': 'use crate::token::Brace;\nuse crate::lost::Thing;\nuse crate::Deep;\n',
    },
    has: [
      'imports src/lib.rs -> src/token.rs',
      'imports src/item.rs -> src/token.rs inferred',
      'imports src/item.rs -> unresolved:crate::lost::Thing unresolved',
    ],
  },
  {
    name: 'Rust 2015: paths of `use` start at the root of the crate',
    files: {
      'Cargo.toml': '[package]\nname = "x"\n',
      'src/lib.rs': 'mod a;\nmod b;\n',
      'src/a.rs': 'use b::{self, c::deep};\nuse ::b::go;\nfn t() { deep(); go(); b::go(); }\n',
      'src/b/mod.rs': 'pub mod c;\npub fn go() {}\n',
      'src/b/c.rs': 'pub fn deep() {}\n',
    },
    has: [
      'imports src/a.rs -> src/b/mod.rs',
      'imports src/a.rs -> src/b/c.rs',
      'calls src/a.rs#t(). -> src/b/c.rs#deep().',
      'calls src/a.rs#t(). -> src/b/mod.rs#go().',
    ],
    not: ['imports src/a.rs -> crates:', 'imports src/a.rs -> unresolved'],
  },
  {
    name: 'Rust: functions and modules of one name, calls among the arguments of the macros of the standard library',
    files: {
      'Cargo.toml': '[package]\nname = "x"\nedition = "2021"\n',
      'src/lib.rs': 'pub mod parse;\npub fn parse() { parse::Parser::run(); }\n',
      'src/parse.rs': '#[path = "more.rs"]\nmod more;\npub trait Parser { fn run() {} }\n',
      'src/more.rs': `use super::*;
fn check() -> bool { true }
fn size() -> usize { 1 }
fn t(f: F) {
    assert!(check(), "{}", text());
    assert_eq!(vec![size(), 2], f.size());
    quote!(text() check());
}
fn text() -> String { format!("{}", size()) }
`,
    },
    has: [
      'imports src/more.rs -> src/parse.rs',
      'calls src/lib.rs#parse(). -> src/parse.rs#Parser.run().',
      'calls src/more.rs#t(). -> src/more.rs#check().',
      'calls src/more.rs#t(). -> src/more.rs#size().',
      'calls src/more.rs#t(). -> src/more.rs#text().',
      'calls src/more.rs#text(). -> src/more.rs#size().',
    ],
    not: ['imports src/more.rs -> src/lib.rs', 'calls src/lib.rs#parse(). -> src/lib.rs#parse'],
  },
]

testScenarios(scenarios)
