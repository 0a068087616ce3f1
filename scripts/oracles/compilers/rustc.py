"""What rustc's own resolution of names says: reads what `-Zunpretty=hir-tree` prints from stdin, prints JSON."""
import json, re, sys
SPAN = re.compile(r'span: ([^\s:]+\.rs):(\d+):\d+: (?:[^\s:]+\.rs:)?(\d+):\d+ \(#(\d+)\)')
DEF = re.compile(r'DefId\((\d+):(\d+) ~ ([^)]*)\)')
blocks = {}      # def path -> file
lines_of = {}
uses = []        # (file, [defpaths])
mods = []
calls = []
owner = None; file_ = None
def plain(path):
    path = re.sub(r'^(\w+)\[\w+\]', r'\1', path)
    return path
state = None
it = iter(sys.stdin)
use_span = None; use_res = None; in_use = 0
call = 0; cspan = None
mod_pending = None
for line in it:
    if line.startswith('DefId(') and '=>' in line:
        m = DEF.match(line); owner = plain(m.group(3)); file_ = None; state = None; mod_pending = None; in_use = 0; call = 0
        continue
    s = line.strip()
    if 'inner_span: ' in s:
        m = SPAN.search(s)
        if m: blocks[owner] = m.group(1); lines_of.setdefault(owner, 1); mod_pending = m.group(1)
        continue
    m = SPAN.match(s)
    if m:
        if owner and owner not in blocks and m.group(4) == '0': blocks[owner] = m.group(1); lines_of[owner] = int(m.group(2))
        if mod_pending and m.group(4) == '0' and m.group(1) != mod_pending and s.startswith('span:'):
            mods.append((m.group(1), mod_pending)); mod_pending = None
        if in_use == 1: use_span = (m.group(1), int(m.group(2)), m.group(4)); in_use = 2; use_res = []
        if call == 3: cspan = (m.group(1), int(m.group(2)), m.group(4)); call = 4
        continue
    if s == 'kind: Use(': in_use = 1; continue
    if in_use == 2:
        if s.startswith('segments:'): in_use = 3
        else:
            d = DEF.search(s)
            if d and d.group(1) == '0': use_res.append(plain(d.group(3)))
        continue
    if in_use == 3 and s in ('Glob,', 'ListStem,') or (in_use == 3 and s.startswith('Single')):
        if s != 'ListStem,' and use_span and use_span[2] == '0': uses.append((use_span, use_res, s))
        in_use = 0; use_span = None
        continue
    if s == 'kind: Call(': call = 1; gap = 0; continue
    if call == 1:
        gap += 1
        if s == 'kind: Path(': call = 2
        elif gap > 12 or s.startswith('kind:'): call = 0
        continue
    if call == 2:
        if s == 'Resolved(': continue
        if s == 'None,': continue
        if s == 'Path {': call = 3
        else: call = 0
        continue
    if call == 4:
        if s.startswith('res: Def('): ckind = None; call = 5
        elif s.startswith('res:'): call = 0
        continue
    if call == 5:
        d = DEF.search(s)
        if d:
            if d.group(1) == '0' and cspan[2] == '0' and ckind in ('Fn,', 'AssocFn,', 'Ctor(Struct'): calls.append((owner, cspan, plain(d.group(3)), ckind))
            call = 0
        else:
            if ckind is None: ckind = s
            elif ckind == 'Ctor(' : ckind = 'Ctor(' + s.rstrip(',')
        continue
def file_of(path):
    while path:
        if path in blocks: return blocks[path]
        path = path[:path.rindex('::')] if '::' in path else ''
    return None
edges = set()
out = dict(files=sorted(set(blocks.values())), imports=[], disputed=[], definitions=[], calls=[])
for (f, l, _), res, how in uses:
    for r in res:
        t = file_of(r)
        if t and t != f: edges.add((f, t))
for f, t in mods: edges.add((f, t))
out['imports'] = sorted(edges)
for o, (f, l, _), to, kind in calls:
    name = to.split('::')[-1]
    if name.startswith('{'): name = to.split('::')[-2]
    t = file_of(to)
    if t and (to in lines_of or kind.startswith('Ctor')): out['calls'].append(dict(path=f, line=l, **{'from': o}, toPath=t, toLine=lines_of.get(to, 0), to=name, form='new' if kind.startswith('Ctor') else 'name'))
import posixpath
n=posixpath.normpath
out['files']=sorted({n(f) for f in out['files']}); out['imports']=sorted({(n(a),n(b)) for a,b in out['imports']})
for c in out['calls']: c['path']=n(c['path']); c['toPath']=n(c['toPath'])
print(json.dumps(out))
