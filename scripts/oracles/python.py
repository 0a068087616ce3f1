"""Import edges of a folder of Python sources, by Python's own parser and import rules: prints JSON.

python3 scripts/oracles/python.py <folder> [<folder on sys.path, relative>...]
"""
import ast
import json
import os
import sys

root, *entries = sys.argv[1:]
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
print(json.dumps({"tools": versions, "paths": paths, "imports": sorted(edges), "disputed": [], "definitions": definitions, "calls": []}))
