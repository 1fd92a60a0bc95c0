// The Python of the checker, as text: runs tests in an interpreter of their own, in which the functions and objects of
// the program are what `python-values.ts` makes of them. Names that a test uses and nobody on its side defines are
// the program's; modules of the standard library are the checker's own, or a program could bring its own math.

export const PYTHON_CHECKER = String.raw`
_last = None

# Used as in math.sqrt, without being defined, these mean the module, whatever the program calls by that name.
_MODULES = set('bisect cmath collections copy datetime decimal fractions functools heapq itertools json math operator os random re statistics string sys'.split())

def _free_names(*sources):
    used, own, modules = set(), set(dir(builtins)), set()
    for source in sources:
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Name): (used if isinstance(node.ctx, ast.Load) else own).add(node.id)
            elif isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef)): own.add(node.name)
            elif isinstance(node, ast.arg): own.add(node.arg)
            elif isinstance(node, ast.alias): own.add((node.asname or node.name).split('.')[0])
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in _MODULES:
                modules.add(node.value.id)
    return used - own, (modules & used) - own

def _caller(name):
    def call(*args, **kwargs):
        global _last
        shown = ', '.join([_shown(a, 80) for a in args[:6]] + [f'{k}={_shown(v, 80)}' for k, v in kwargs.items()])
        value = _call({'name': name}, args, kwargs)
        _last = f'{name}({shown}) gave {_shown(value, 200)}'
        return value
    call.__name__ = name
    return call

def _shown(v, length):
    # The decimal digits of a long integer take longer than anything a test does.
    if isinstance(v, int) and v.bit_length() > 4000: return f'an integer of {v.bit_length()} bits'
    return repr(v)[:length]

def _provide(space, names):
    """Gives the tests what the program defines under the names they use, and nothing that they did not ask for."""
    given = _ask({'op': 'names', 'names': names})['names']
    for name in names:
        how, value = given.get(name) or (None, None)
        if how == 'module' and value in sys.stdlib_module_names: space[name] = __import__(value, fromlist=['_'])
        elif how == 'call': space[name] = _caller(name)
        elif how == 'value': space[name] = _decode(value)

def _check(m):
    global _last
    _last = None
    entry = m['entryPoint']
    try:
        space = _namespace('tests')
        if m['prelude']: exec(compile(m['prelude'], '<prelude>', 'exec', dont_inherit=True), space)
        names, modules = _free_names(m['setup'], m['test'])
        for name in modules - space.keys(): space[name] = __import__(name)
        names = [n for n in sorted(names) if n not in space and n != 'candidate' and n != entry]
    except BaseException as e:
        # The prelude and the tests come with the problem: that they do not even load is not the program's doing.
        return {'error': {**_error(e, '<prelude>'), 'kind': 'missing'}}
    try:
        _provide(space, names)
        if entry: space['candidate'] = space[entry] = _caller(entry)
        exec(compile(m['setup'], '<setup>', 'exec', dont_inherit=True), space)
        exec(compile(m['test'], '<test>', 'exec', dont_inherit=True), space)
        return {'error': None}
    except BaseException as e:
        error = _error(e, '<test>')
        error['source'] = _statement(m['test'], error['line'])
        if _last: error['message'] = (error['message'] + '; ' if error['message'] else '') + _last
        return {'error': error}

def _statement(source, line):
    if line is None: return ''
    best = None
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.stmt) and node.lineno <= line <= node.end_lineno:
            if best is None or node.lineno >= best.lineno: best = node
    return '' if best is None else (ast.get_source_segment(source, best) or '')[:300]
`;
