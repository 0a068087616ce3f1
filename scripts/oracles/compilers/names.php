<?php
// php names.php <root>: prints what nikic/php-parser and its resolution of names say about the files below a folder, as JSON.
require '/usr/share/php/PhpParser/autoload.php';
use PhpParser\Node;
use PhpParser\NodeTraverser;
use PhpParser\NodeVisitor\NameResolver;
use PhpParser\NodeVisitorAbstract;
$root = rtrim($argv[1], '/');
$files = [];
foreach (new RecursiveIteratorIterator(new RecursiveDirectoryIterator($root, FilesystemIterator::SKIP_DOTS)) as $f)
  if (str_ends_with($f->getPathname(), '.php')) $files[] = substr($f->getPathname(), strlen($root) + 1);
sort($files);
$parser = (new PhpParser\ParserFactory())->create(PhpParser\ParserFactory::ONLY_PHP7);
$trees = []; $classes = []; $functions = []; $consts = []; $defs = [];
class Walker extends NodeVisitorAbstract { public $enter; public $leave; function enterNode(Node $n) { return ($this->enter)($n); } function leaveNode(Node $n) { if ($this->leave) ($this->leave)($n); } }
function walk($tree, $enter, $leave = null) { $t = new NodeTraverser(); $w = new Walker(); $w->enter = $enter; $w->leave = $leave; $t->addVisitor($w); $t->traverse($tree); }
foreach ($files as $path) {
  try { $tree = $parser->parse(file_get_contents("$root/$path")); } catch (Throwable $e) { fwrite(STDERR, "$path: {$e->getMessage()}\n"); continue; }
  $t = new NodeTraverser(); $t->addVisitor(new NameResolver()); $tree = $t->traverse($tree); $trees[$path] = $tree;
  walk($tree, function ($n) use ($path, &$classes, &$functions, &$defs) {
    if ($n instanceof Node\Stmt\ClassLike && $n->name) {
      $name = strtolower($n->namespacedName); $methods = [];
      foreach ($n->getMethods() as $m) { $methods[strtolower($m->name)] = [$path, $m->name->getStartLine(), (string) $m->name]; $defs[] = [$path, $m->name->getStartLine(), 'method', (string) $m->name]; }
      $parents = [];
      foreach ($n->getTraitUses() as $u) foreach ($u->traits as $one) $parents[] = strtolower($one);
      if ($n instanceof Node\Stmt\Class_ && $n->extends) $parents[] = strtolower($n->extends);
      $ifs = $n instanceof Node\Stmt\Interface_ ? $n->extends : ($n instanceof Node\Stmt\Trait_ ? [] : $n->implements);
      foreach ($ifs as $i) $parents[] = strtolower($i);
      $kind = $n instanceof Node\Stmt\Interface_ ? 'interface' : ($n instanceof Node\Stmt\Enum_ ? 'enum' : 'class');
      $classes[$name][] = ['path' => $path, 'line' => $n->name->getStartLine(), 'name' => (string) $n->name, 'methods' => $methods, 'parents' => $parents, 'extends' => $n instanceof Node\Stmt\Class_ && $n->extends ? strtolower($n->extends) : null];
      $defs[] = [$path, $n->name->getStartLine(), $kind, (string) $n->name];
    }
    if ($n instanceof Node\Stmt\Function_) { $functions[strtolower($n->namespacedName)][] = [$path, $n->name->getStartLine(), (string) $n->name]; $defs[] = [$path, $n->name->getStartLine(), 'function', (string) $n->name]; }
  });
}
function method($class, $name, $seen = []) { global $classes; if (isset($seen[$class]) || !isset($classes[$class]) || count($classes[$class]) > 1) return null; $seen[$class] = 1; $c = $classes[$class][0]; if (isset($c['methods'][$name])) return $c['methods'][$name]; foreach ($c['parents'] as $p) { $m = method($p, $name, $seen); if ($m) return $m; } return null; }
$imports = []; $disputed = []; $calls = [];
foreach ($trees as $path => $tree) {
  $stack = []; $class = []; $folder = dirname($path);
  walk($tree, function ($n) use ($path, &$imports, &$disputed, &$calls, &$stack, &$class, $folder, $root, $classes, $functions) {
    if ($n instanceof Node\Stmt\ClassLike) { $class[] = $n->name ? strtolower($n->namespacedName) : null; $stack[] = (string) $n->name; }
    if ($n instanceof Node\Stmt\ClassMethod || $n instanceof Node\Stmt\Function_) $stack[] = (string) $n->name;
    $use = function ($type, $name) use ($path, &$imports, $classes, $functions) {
      $key = strtolower($name); $to = $type === Node\Stmt\Use_::TYPE_FUNCTION ? array_column($functions[$key] ?? [], 0) : ($type === Node\Stmt\Use_::TYPE_CONSTANT ? [] : array_column($classes[$key] ?? [], 'path'));
      if (count($to) === 1 && $to[0] !== $path) $imports["$path\t$to[0]"] = 1;
    };
    // By aliases of namespaces, and within a namespace.
    if ($n instanceof Node\Name && $n->getAttribute('resolvedName')) $n = $n->getAttribute('resolvedName');
    if ($n instanceof Node\Name) foreach ([...array_column($classes[strtolower($n)] ?? [], 'path'), ...array_column($functions[strtolower($n)] ?? [], 0)] as $to) if ($to !== $path) $disputed["$path\t$to"] = 1;
    if ($n instanceof Node\Stmt\Use_) foreach ($n->uses as $u) $use($n->type, (string) $u->name);
    if ($n instanceof Node\Stmt\GroupUse) foreach ($n->uses as $u) $use($n->type ?: $u->type, "$n->prefix\\$u->name");
    if ($n instanceof Node\Expr\Include_) {
      $e = $n->expr; $text = null; $base = $folder;
      $dir = function ($e) use (&$dir, $folder) {
        if ($e instanceof Node\Scalar\MagicConst\Dir) return $folder === '.' ? '' : $folder;
        if ($e instanceof Node\Expr\FuncCall && $e->name instanceof Node\Name && (string) $e->name === 'dirname') {
          $of = $e->args[0]->value; if ($of instanceof Node\Scalar\MagicConst\File) return $folder === '.' ? '' : $folder;
          $in = $dir($of); $levels = isset($e->args[1]) ? $e->args[1]->value->value ?? 1 : 1;
          for ($i = 0; $in !== null && $i < $levels; $i++) { if ($in === '') return null; $in = dirname($in) === '.' ? '' : dirname($in); }
          return $in;
        }
        if ($e instanceof Node\Expr\BinaryOp\Concat && $e->right instanceof Node\Scalar\String_) { $l = $dir($e->left); return $l === null ? null : $l . $e->right->value; }
        return null;
      };
      $to = $dir($e) ?? null;
      if ($to !== null) { $parts = []; foreach (explode('/', $to) as $p) { if ($p === '' || $p === '.') continue; if ($p === '..') { array_pop($parts); continue; } $parts[] = $p; } $to = implode('/', $parts); if (is_file("$root/$to") && $to !== $path) $imports["$path\t$to"] = 1; }
    }
    $from = end($stack) ?: ''; $self = end($class) ?: null;
    $call = function ($to, $form) use ($n, $path, $from, &$calls) { if ($to) $calls[] = ['path' => $path, 'line' => $n->getStartLine(), 'from' => $from, 'toPath' => $to[0], 'toLine' => $to[1], 'to' => $to[2], 'form' => $form]; };
    $named = function ($name) use ($self, $classes) { $l = strtolower($name); if ($l === 'self' || $l === 'static') return $self; if ($l === 'parent') return $self ? $classes[$self][0]['extends'] ?? null : null; return $l; };
    if ($n instanceof Node\Expr\New_ && $n->class instanceof Node\Name) { $l = strtolower($n->class); if (!in_array($l, ['self', 'static', 'parent'])) { $c = $classes[$l] ?? []; if (count($c) === 1) $call([$c[0]['path'], $c[0]['line'], $c[0]['name']], 'new'); } }
    if ($n instanceof Node\Expr\StaticCall && $n->class instanceof Node\Name && $n->name instanceof Node\Identifier) { $c = $named((string) $n->class); if ($c) $call(method($c, strtolower($n->name)), in_array(strtolower($n->class), ['self', 'static', 'parent']) ? 'self' : 'name'); }
    if (($n instanceof Node\Expr\MethodCall || $n instanceof Node\Expr\NullsafeMethodCall) && $n->var instanceof Node\Expr\Variable && $n->var->name === 'this' && $n->name instanceof Node\Identifier && $self) $call(method($self, strtolower($n->name)), 'self');
    if ($n instanceof Node\Expr\FuncCall && $n->name instanceof Node\Name) { foreach ([$n->name->getAttribute('namespacedName') ?? $n->name, $n->name] as $name) { $f = $functions[strtolower($name)] ?? []; if (count($f) === 1) { $call($f[0], 'name'); break; } if ($f) break; } }
  }, function ($n) use (&$stack, &$class) {
    if ($n instanceof Node\Stmt\ClassLike) { array_pop($class); array_pop($stack); }
    if ($n instanceof Node\Stmt\ClassMethod || $n instanceof Node\Stmt\Function_) array_pop($stack);
  });
}
echo json_encode(['version' => PHP_VERSION, 'files' => array_keys($trees), 'disputed' => array_map(fn ($e) => explode("\t", $e), array_keys($disputed)), 'imports' => array_map(fn ($e) => explode("\t", $e), array_keys($imports)), 'definitions' => array_map(fn ($d) => ['path' => $d[0], 'line' => $d[1], 'kind' => $d[2], 'name' => $d[3]], $defs), 'calls' => $calls], JSON_INVALID_UTF8_SUBSTITUTE);
