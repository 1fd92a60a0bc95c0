// The Python that runs inside the interpreter around a program, as text: it executes, calls, and turns values
// into plain data and back. A program shares the interpreter with it and may change it as it likes; that
// gains nothing, because no expected value and no verdict is in here, and the next program finds the
// interpreter's memory as it was before.
//
// Values: None, bool, str and ints below 2^53 are JSON; the rest is a list that begins with a tag: i hex int,
// f float, c complex, l list, t tuple, s set, z frozenset, d dict (pairs), q deque, r range, b bytes (hex),
// D Decimal, F Fraction, h an object of the program (its number and type), which the checker sees as a
// `Remote`: attributes, items, calls and iteration go over; comparison and truth do not, so that an object
// cannot declare itself equal to what is expected.

/** The variables of a Python child; a fixed hash seed makes the order of sets the same in every run. */
export const PYTHON_ENVIRONMENT = { PYTHONHASHSEED: '0', HOME: '/home/pyodide' };

/** What is imported before the first program, so that an import costs it nothing. */
export const PYTHON_IMPORTS = `
import sys, json, types, builtins, ast, math, cmath, collections, itertools, functools, operator, heapq, bisect
import re, typing, string, random, datetime, time, decimal, fractions, copy, io, dataclasses, enum, abc
import statistics, traceback, threading, contextlib, textwrap, array, numbers
`;

export const PYTHON_HARNESS = String.raw`
${PYTHON_IMPORTS}
sys.stdout.reconfigure(line_buffering=False)
sys.set_int_max_str_digits(0)

def _start(self):
    # One thread is all there is: a started thread runs to its end where it is started.
    self._started.set()
    self.run()
    self._os_thread_handle = None
threading.Thread.start = _start
threading.Thread.join = lambda self, timeout=None: None
threading.Thread.is_alive = lambda self: False
threading.stack_size = lambda size=0: 0

_objects = []

def _encode(v):
    if v is None or isinstance(v, bool): return v
    if isinstance(v, int):
        v = int(v)
        return v if -2**53 < v < 2**53 else ['i', hex(v)]
    if isinstance(v, float): return ['f', float.__repr__(float(v))]
    if isinstance(v, str): return str.__str__(v)
    if isinstance(v, complex): return ['c', v.real.hex(), v.imag.hex()]
    if isinstance(v, list): return ['l', [_encode(x) for x in v]]
    if isinstance(v, tuple): return ['t', [_encode(x) for x in v]]
    if isinstance(v, frozenset): return ['z', [_encode(x) for x in v]]
    if isinstance(v, set): return ['s', [_encode(x) for x in v]]
    if isinstance(v, dict): return ['d', [[_encode(k), _encode(x)] for k, x in v.items()]]
    if isinstance(v, collections.deque): return ['q', [_encode(x) for x in v]]
    if isinstance(v, range): return ['r', [_encode(v.start), _encode(v.stop), _encode(v.step)]]
    if isinstance(v, (bytes, bytearray)): return ['b', bytes(v).hex()]
    if isinstance(v, decimal.Decimal): return ['D', str(v)]
    if isinstance(v, fractions.Fraction): return ['F', [_encode(v.numerator), _encode(v.denominator)]]
    if type(v) is Remote: return ['h', object.__getattribute__(v, '_number'), '']
    if _bridge is not None:
        raise TypeError('a ' + type(v).__name__ + ' of the test cannot be handed to the program')
    _objects.append(v)
    return ['h', len(_objects) - 1, type(v).__name__]

def _decode(w):
    if not isinstance(w, list): return w
    tag, x = w[0], w[1]
    if tag == 'i': return int(x, 16)
    if tag == 'f': return float(x)
    if tag == 'c': return complex(float.fromhex(x), float.fromhex(w[2]))
    if tag == 'l': return [_decode(y) for y in x]
    if tag == 't': return tuple(_decode(y) for y in x)
    if tag == 'z': return frozenset(_decode(y) for y in x)
    if tag == 's': return set(_decode(y) for y in x)
    if tag == 'd': return {_decode(k): _decode(y) for k, y in x}
    if tag == 'q': return collections.deque(_decode(y) for y in x)
    if tag == 'r': return range(*[_decode(y) for y in x])
    if tag == 'b': return bytes.fromhex(x)
    if tag == 'D': return decimal.Decimal(x)
    if tag == 'F': return fractions.Fraction(*[_decode(y) for y in x])
    if tag == 'h': return _objects[x] if _bridge is None else Remote(x, w[2])
    raise ValueError('unknown tag')

# The side of the program.

def _namespace(name):
    module = types.ModuleType(name)
    sys.modules[name] = module
    return module.__dict__

_LACKS = ("can't start new thread", 'Cannot stack switch', 'JavaScript engine')

def _error(e, filename):
    line = None
    tb = e.__traceback__
    while tb is not None:
        if tb.tb_frame.f_code.co_filename == filename: line = tb.tb_lineno
        tb = tb.tb_next
    kind, message = 'raised', ''
    try: message = str(e)[:2000]
    except BaseException: pass
    if isinstance(e, SystemExit):
        kind = 'exit'
        message = '0' if e.code is None or e.code == 0 else str(e.code)[:200]
    elif isinstance(e, MemoryError): kind = 'memory'
    elif isinstance(e, ModuleNotFoundError) and isinstance(e.name, str) and not _has(e.name.split('.')[0]): kind = 'missing'
    elif isinstance(e, RuntimeError) and any(x in message for x in _LACKS): kind = 'missing'
    return {'type': type(e).__name__, 'message': message, 'kind': kind, 'line': line}

def _has(top):
    if top in sys.modules or top in sys.builtin_module_names: return True
    import importlib.util
    try: return importlib.util.find_spec(top) is not None
    except BaseException: return False

def _execute(code, name, file):
    try:
        compiled = compile(code, file, 'exec', dont_inherit=True)
    except BaseException as e:
        error = _error(e, file)
        error['kind'] = 'memory' if isinstance(e, MemoryError) else 'syntax'
        error['line'] = getattr(e, 'lineno', None)
        return None, error
    space = _namespace(name)
    try:
        exec(compiled, space)
        return space, None
    except BaseException as e:
        return space, _error(e, file)

_space = {}

def _lookup(name):
    if name in _space: return _space[name]
    if isinstance(_space.get('Solution'), type): return getattr(_space['Solution'](), name)
    raise NameError(f"name '{name}' is not defined")

def _names(names):
    found = {}
    for name in names:
        try: value = _lookup(name)
        except BaseException: continue
        found[name] = ['call'] if callable(value) else ['value', _encode(value)]
    return found

def _bridged(m):
    op = m['op']
    if op == 'names': return {'names': _names(m['names'])}
    target = _lookup(m['name']) if 'name' in m else _objects[m['object']]
    if op == 'set':
        setattr(target, m['attribute'], _decode(m['value']))
        return {'value': None}
    if op == 'get':
        value = getattr(target, m['attribute'])
        return {'call': True} if isinstance(value, (types.MethodType, types.BuiltinMethodType)) else {'value': _encode(value)}
    args = [_decode(a) for a in m['args']]
    kwargs = {k: _decode(v) for k, v in m['kwargs'].items()}
    special = m.get('special')
    if special == 'iter': value = iter(target)
    elif special == 'next': value = next(target)
    elif special == 'len': value = len(target)
    elif special == 'item': value = target[args[0]]
    elif m.get('attribute'): value = getattr(target, m['attribute'])(*args, **kwargs)
    else: value = target(*args, **kwargs)
    return {'value': _encode(value)}

def _program(m):
    global _space
    op = m['op']
    if op == 'run':
        _, error = _execute(m['code'], '__main__', '<program>')
        try: sys.stdout.flush()
        except BaseException as e: error = error or _error(e, '<program>')
        return {'error': error}
    if op == 'load':
        space, error = _execute(m['code'], 'program', '<program>')
        _space = space or {}
        return {'error': error}
    try:
        if op == 'call':
            value = _lookup(m['name'])(*[json.loads(a) for a in m['json']])
            return {'error': None, 'value': _encode(value)}
        try: answer = _bridged(json.loads(m['text']))
        except Exception as e: answer = {'raised': [type(e).__name__, str(e)[:500]]}
        return {'error': None, 'text': json.dumps(answer)}
    except BaseException as e:
        return {'error': _error(e, '<program>')}

# The side of the checker, in an interpreter of its own.

_bridge = None
_last = None

class Remote:
    def __init__(self, number, kind):
        object.__setattr__(self, '_number', number)
        object.__setattr__(self, '_kind', kind)
    def __getattr__(self, name):
        answer = _ask({'op': 'get', 'object': self._number, 'attribute': name})
        if 'call' in answer: return lambda *a, **k: _call({'object': self._number, 'attribute': name}, a, k)
        return _decode(answer['value'])
    def __setattr__(self, name, value):
        _ask({'op': 'set', 'object': self._number, 'attribute': name, 'value': _encode(value)})
    def __call__(self, *a, **k): return _call({'object': self._number}, a, k)
    def __iter__(self): return _call({'object': self._number, 'special': 'iter'}, (), {})
    def __next__(self): return _call({'object': self._number, 'special': 'next'}, (), {})
    def __len__(self): return _call({'object': self._number, 'special': 'len'}, (), {})
    def __getitem__(self, key): return _call({'object': self._number, 'special': 'item'}, (key,), {})
    def __eq__(self, other): return type(other) is Remote and other._number == self._number
    def __hash__(self): return hash(self._number)
    def __bool__(self): raise TypeError(f'an object of type {self._kind} has no truth value outside the program')
    def __repr__(self): return f'<an object of type {self._kind}>'

def _ask(message):
    answer = json.loads(_bridge(json.dumps(message)))
    if 'raised' in answer:
        name, text = answer['raised']
        kind = getattr(builtins, name, None)
        if not (isinstance(kind, type) and issubclass(kind, Exception)): kind, text = RuntimeError, f'{name}: {text}'
        # Told to a generator or to map(), the end of an iteration would end the test's own loop, and pass it.
        if issubclass(kind, (StopIteration, StopAsyncIteration)) and message.get('special') != 'next':
            kind, text = RuntimeError, f'{name}: {text}'
        try: error = kind(text)
        except TypeError: error = RuntimeError(f'{name}: {text}')
        raise error
    return answer

def _call(target, args, kwargs):
    global _last
    message = {'op': 'call', **target, 'args': [_encode(a) for a in args], 'kwargs': {k: _encode(v) for k, v in kwargs.items()}}
    value = _decode(_ask(message)['value'])
    if 'name' in target:
        shown = ', '.join([repr(a)[:80] for a in args[:6]] + [f'{k}={v!r:.80}' for k, v in kwargs.items()])
        _last = f"{target['name']}({shown}) gave {repr(value)[:200]}"
    return value

def _free_names(*sources):
    used, own = set(), set(dir(builtins))
    for source in sources:
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Name): (used if isinstance(node.ctx, ast.Load) else own).add(node.id)
            elif isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef)): own.add(node.name)
            elif isinstance(node, ast.arg): own.add(node.arg)
            elif isinstance(node, ast.alias): own.add((node.asname or node.name).split('.')[0])
    return used - own

def _caller(name):
    def call(*args, **kwargs): return _call({'name': name}, args, kwargs)
    call.__name__ = name
    return call

def _check(m):
    global _last
    _last = None
    entry = m['entryPoint']
    try:
        space = _namespace('tests')
        if m['prelude']:
            exec(compile(m['prelude'], '<prelude>', 'exec', dont_inherit=True), space)
        names = _free_names(m['setup'], m['test'])
        names = [n for n in sorted(names) if n not in space and n != 'candidate'] + ([entry] if entry else [])
    except BaseException as e:
        # The prelude and the tests come with the problem: that they do not even load is not the program's doing.
        return {'error': {**_error(e, '<prelude>'), 'kind': 'missing'}}
    try:
        for name, what in _ask({'op': 'names', 'names': names})['names'].items():
            space[name] = _caller(name) if what[0] == 'call' else _decode(what[1])
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

def _handle(text):
    m = json.loads(text)
    result = _check(m) if m['op'] == 'check' else _program(m)
    return json.dumps(result)

def _set_bridge(bridge):
    global _bridge
    _bridge = bridge

_entry = (_handle, _set_bridge)
`;

/** Makes the module of the harness from its text, which is in the global `source`. */
export const PYTHON_INSTALL = String.raw`
import sys, types
harness = sys.modules['harness'] = types.ModuleType('harness')
exec(compile(source, 'harness', 'exec'), harness.__dict__)
del source, harness
`;

/** Takes the harness out of where programs would find it, and gives its two functions. */
export const PYTHON_ENTRY = `
import sys
sys.modules.pop('harness')._entry
`;

/** Takes the interpreter's doors to JavaScript out of it; runs last, before the first program. */
export const PYTHON_SEAL = String.raw`
import sys
for _name in list(sys.modules):
    if _name.split('.')[0] in ('js', 'pyodide_js', 'pyodide', '_pyodide', '_pyodide_core', 'pyodide_http'):
        del sys.modules[_name]
sys.meta_path = [f for f in sys.meta_path if 'yodide' not in getattr(f, '__module__', type(f).__module__) and 'yodide' not in type(f).__module__]
sys.path_hooks = [f for f in sys.path_hooks if 'yodide' not in str(getattr(f, '__module__', ''))]
def _closed(name):
    class Closed:
        @staticmethod
        def find_spec(fullname, path=None, target=None):
            if fullname.split('.')[0] in name:
                raise ModuleNotFoundError(f'No module named {fullname!r}', name=fullname)
            return None
    return Closed
sys.meta_path.insert(0, _closed(('js', 'pyodide_js', 'pyodide', '_pyodide', '_pyodide_core', 'pyodide_http')))

import gc
def _is_proxy(v): return any(c.__name__ == 'JsProxy' for c in type(v).__mro__)
# What is left of the host's objects is held by Pyodide's own modules, where the collector would show it.
for _owner in gc.get_objects():
    _space = _owner if type(_owner) is dict else getattr(_owner, '__dict__', None)
    if type(_space) is dict:
        for _key in [k for k, v in _space.items() if _is_proxy(v)]: _space[_key] = None
    elif isinstance(_owner, type):
        for _key in [k for k, v in vars(_owner).items() if _is_proxy(v)]: setattr(_owner, _key, None)
del _owner, _space
gc.collect()
`;
