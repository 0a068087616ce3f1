"""Import edges of a folder of Python sources, by Python's own parser and import rules, and calls by jedi where it is installed: prints JSON.

python3 scripts/oracles/python.py <folder> [<folder on sys.path, relative>...]
"""
import ast
import json
import os
import sys

root, *entries = sys.argv[1:]
root = os.path.abspath(root)
roots = [os.path.join(root, entry) for entry in entries] or [root]
paths = sorted(
    os.path.relpath(os.path.join(folder, name), root)
    for folder, _, names in os.walk(root)
    for name in names
    if name.endswith(".py")
)


def find(dotted, base):
    """The file of a module below a folder, as importlib's FileFinder looks for it."""
    path = os.path.join(base, *dotted.split(".")) if dotted else base
    for candidate in (os.path.join(path, "__init__.py"), path + ".py"):
        if os.path.isfile(candidate):
            return os.path.relpath(candidate, root)
    return None


def absolute(dotted):
    return next((found for base in roots if (found := find(dotted, base))), None)


def targets(node, path):
    if isinstance(node, ast.Import):
        return [absolute(alias.name) for alias in node.names]
    if node.level:
        base = os.path.join(root, os.path.dirname(path), *[".."] * (node.level - 1))
        bases = [os.path.normpath(base)]
    else:
        bases = roots
    found = []
    for base in bases:
        own = find(node.module or "", base)
        package = os.path.join(base, *(node.module or "").split("."))
        submodules = [find(alias.name, package) if os.path.isdir(package) else None for alias in node.names]
        if own is None and not any(submodules):
            continue
        found = [one for one in submodules if one]
        if own and (not all(submodules) or not submodules):
            found.append(own)
        break
    return found


edges = set()
for path in paths:
    with open(os.path.join(root, path), "rb") as file:
        try:
            tree = ast.parse(file.read())
        except (SyntaxError, ValueError):
            continue
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            edges.update((path, target) for target in targets(node, path) if target and target != path)
definitions = []
for path in paths:
    with open(os.path.join(root, path), "rb") as file:
        try:
            tree = ast.parse(file.read())
        except (SyntaxError, ValueError):
            continue
    stack = [(tree, False)]
    while stack:
        node, inside = stack.pop()
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.ClassDef):
                definitions.append([path, child.lineno, "class", child.name])
            elif isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
                definitions.append([path, child.lineno, "method" if inside else "function", child.name])
            within = isinstance(child, ast.ClassDef) or (inside and not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)))
            stack.append((child, within))
versions = {"python": sys.version.split()[0]}


def calls_of(path, jedi, project):
    """Calls by a name, on `self`, and in other ways, with the definition that each leads to."""
    with open(os.path.join(root, path), encoding="utf8") as file:
        text = file.read()
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return
    script = jedi.Script(text, path=os.path.join(root, path), project=project)
    for node in ast.walk(tree):
        callee = node.func if isinstance(node, ast.Call) else None
        if isinstance(callee, ast.Name):
            place, form = (callee.lineno, callee.col_offset), "name"
        elif isinstance(callee, ast.Attribute):
            place = (callee.end_lineno, callee.end_col_offset - 1)
            form = "this" if isinstance(callee.value, ast.Name) and callee.value.id == "self" else "other"
        else:
            continue
        for found in script.goto(*place, follow_imports=True):
            target = found.module_path and os.path.relpath(found.module_path, root)
            if target in paths and found.line is not None:
                certain = found.type in ("function", "class")
                yield [path, node.lineno, "", target, found.line, found.name, form if certain else "other"]


calls = []
try:
    import jedi

    versions["jedi"] = jedi.__version__
    project = jedi.Project(root, sys_path=[os.path.abspath(base) for base in roots], smart_sys_path=False)
    calls = [call for path in paths for call in calls_of(path, jedi, project)]
except ImportError:
    pass
print(json.dumps({"tools": versions, "paths": paths, "imports": sorted(edges), "disputed": [], "definitions": definitions, "calls": calls}))
