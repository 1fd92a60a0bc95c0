// The Python that runs inside the interpreter around a program, as text: it executes, calls, and names what went
// wrong. A program shares the interpreter with it and may change it as it likes; that gains nothing, because
// no expected value and no verdict is in here, and the next program finds the interpreter's memory as it was
// before. The rest of the text is in python-values.ts, python-runtime.ts and python-checker.ts.
import { PYTHON_CHECKER } from './python-checker.ts';
import { PYTHON_RUNTIME } from './python-runtime.ts';
import { PYTHON_VALUES } from './python-values.ts';

/** The variables of a Python child; a fixed hash seed makes the order of sets the same in every run. */
export const PYTHON_ENVIRONMENT = { PYTHONHASHSEED: '0', HOME: '/home/pyodide' };

/** What is imported before the first program, so that an import costs it nothing. */
export const PYTHON_IMPORTS = `
import sys, json, types, builtins, ast, math, cmath, collections, itertools, functools, operator, heapq, bisect
import re, typing, string, random, datetime, time, decimal, fractions, copy, io, dataclasses, enum, abc
import statistics, traceback, threading, contextlib, textwrap, array, numbers, os
`;

const PYTHON_PROGRAM = String.raw`
def _namespace(name):
    module = types.ModuleType(name)
    sys.modules[name] = module
    return module.__dict__

_LACKS = ("can't start new thread", _ALONE)

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
    elif isinstance(e, _Lacking): kind = 'missing'
    elif isinstance(e, ModuleNotFoundError) and isinstance(e.name, str) and not _has(e.name.split('.')[0]): kind = 'missing'
    elif isinstance(e, RuntimeError) and any(x in message for x in _LACKS): kind = 'missing'
    return {'type': type(e).__name__[:100], 'message': message, 'kind': kind, 'line': line}

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
        if isinstance(value, types.ModuleType): found[name] = ['module', value.__name__]
        else: found[name] = ['call', None] if callable(value) else ['value', _encode(value)]
    return found

def _program(m):
    global _space
    op = m['op']
    if op == 'run':
        _, error = _execute(m['code'], '__main__', '<program>')
        try:
            atexit._run_exitfuncs()
            sys.stdout.flush()
        except BaseException as e: error = error or _error(e, '<program>')
        return {'error': error}
    if op == 'load':
        space, error = _execute(m['code'], 'program', '<program>')
        _space = space or {}
        return {'error': error}
    try:
        if op == 'call':
            args = [json.loads(a) for a in m['json']]
            if m['integerKeys'] and len(args) == 1 and isinstance(args[0], dict):
                try: args = [{int(k): v for k, v in args[0].items()}]
                except ValueError: pass
            value = _lookup(m['name'])(*args)
            return {'error': None, 'value': _encode(value)}
        return {'error': None, 'text': json.dumps(_answer(json.loads(m['text'])))}
    except BaseException as e:
        return {'error': _error(e, '<program>')}

def _handle(text):
    m = json.loads(text)
    result = _check(m) if m['op'] == 'check' else _program(m)
    return json.dumps(result)

def _begin(descriptor, checks):
    """The way to the other side: a line written to this descriptor is answered by a line read from it."""
    global _channel, _checks
    _checks = checks
    def _channel(text):
        os.write(descriptor, text.encode() + b'\n')
        parts = []
        while not parts or not parts[-1].endswith(b'\n'): parts.append(os.read(descriptor, 1 << 16))
        return b''.join(parts)
    _ordinary_asyncio()

_entry = (_handle, _begin)
`;

/** The whole text: what both sides need, then the program's side and the checker's. */
export const PYTHON_HARNESS = [
  PYTHON_IMPORTS,
  PYTHON_RUNTIME,
  PYTHON_VALUES,
  PYTHON_PROGRAM,
  PYTHON_CHECKER,
].join('\n');

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
