// The Python of both interpreters, the program's and the checker's, as text: values as plain data and back, and calls
// between the two. A call goes over by value; lists and the like that were handed over are then made again what the
// callee made of them, so that a test may look at an argument that was to be sorted in place.
//
// Values: None, bool, str and ints below 2^53 are JSON; the rest is a list that begins with a tag: i hex int,
// f float, c complex, l list, t tuple, s set, z frozenset, d dict (pairs), C Counter, O OrderedDict, q deque,
// r range, b bytes (hex), B bytearray, D Decimal, F Fraction, T a date or time, k a type or function of the language,
// by name. m gives a list or the like the number under which n means it later in the same call. h is an object of the
// side that speaks (its number and type), o one of the side that hears. An object of the other side is a `Remote`:
// attributes, items, calls and truth go over; comparison does not, so that an object of the program cannot
// declare itself equal to what is expected.
//
// The program may change its side of this as it likes, and so ask the checker's side for anything. `_refusal`
// says what it is given: calls of the functions that a test handed to it, and the public attributes of
// objects whose class is in the tests.

export const PYTHON_VALUES = String.raw`
class _Lacking(BaseException):
    """What the sandbox cannot do; no fault of the program."""

class _Shared:
    """The lists and the like that went over in one call, by number."""
    def __init__(self): self.objects, self.numbers = {}, {}
    def put(self, number, v): self.objects[number], self.numbers[id(v)] = v, number

_objects, _own = [], {}
_channel = None
_checks = False

_DICTS = {'d': dict, 'C': collections.Counter, 'O': collections.OrderedDict}
_CHANGEABLE = {'l': list, 's': set, 'q': collections.deque, 'B': bytearray, **_DICTS}
_TIMES = {'date': 'year month day', 'datetime': 'year month day hour minute second microsecond',
          'time': 'hour minute second microsecond', 'timedelta': 'days seconds microseconds'}
_FUNCTIONS = (types.FunctionType, types.MethodType, types.BuiltinFunctionType, type, functools.partial, operator.itemgetter, operator.attrgetter)

def _contents(v, e):
    if isinstance(v, list): return ['l', [e(x) for x in v]]
    if isinstance(v, set): return ['s', [e(x) for x in v]]
    if isinstance(v, collections.deque): return ['q', [e(x) for x in v]]
    if isinstance(v, bytearray): return ['B', bytes(v).hex()]
    tag = 'C' if isinstance(v, collections.Counter) else 'O' if isinstance(v, collections.OrderedDict) else 'd'
    return [tag, [[e(k), e(x)] for k, x in v.items()]]

def _encode(v, shared=None, numbering=False):
    if v is None or isinstance(v, bool): return v
    if isinstance(v, int):
        v = int(v)
        return v if -2**53 < v < 2**53 else ['i', hex(v)]
    if isinstance(v, float): return ['f', float.__repr__(float(v))]
    if isinstance(v, str): return str.__str__(v)
    e = lambda x: _encode(x, shared, numbering)
    if isinstance(v, (list, dict, set, collections.deque, bytearray)):
        if shared is None: return _contents(v, e)
        number = shared.numbers.get(id(v))
        if number is not None: return ['n', number]
        if not numbering: return _contents(v, e)
        number = len(shared.objects)
        shared.put(number, v)
        return ['m', number, _contents(v, e)]
    if isinstance(v, tuple): return ['t', [e(x) for x in v]]
    if isinstance(v, frozenset): return ['z', [e(x) for x in v]]
    if isinstance(v, complex): return ['c', v.real.hex(), v.imag.hex()]
    if isinstance(v, range): return ['r', [e(v.start), e(v.stop), e(v.step)]]
    if isinstance(v, bytes): return ['b', bytes(v).hex()]
    if isinstance(v, decimal.Decimal): return ['D', str(v)]
    if isinstance(v, fractions.Fraction): return ['F', [e(v.numerator), e(v.denominator)]]
    if isinstance(v, Remote): return ['o', object.__getattribute__(v, '_number')]
    return _by_name(v, e) or ['h', _number_of(v), type(v).__name__]

def _by_name(v, e):
    kind = type(v).__name__
    if type(v).__module__ == 'datetime' and kind in _TIMES and getattr(v, 'tzinfo', None) is None:
        return ['T', kind, [getattr(v, part) for part in _TIMES[kind].split()]]
    if isinstance(v, (type, types.BuiltinFunctionType)) and getattr(builtins, v.__name__, None) is v: return ['k', v.__name__]
    if isinstance(v, (type({}.keys()), type({}.values()), type({}.items()))): return ['l', [e(x) for x in v]] if _checks else None
    return None

def _number_of(v):
    if _checks and not (isinstance(v, _FUNCTIONS) or type(v).__module__ == 'tests' or hasattr(type(v), '__next__')):
        raise _Lacking('a ' + type(v).__name__ + ' of the test cannot be handed to the program')
    if id(v) not in _own:
        _own[id(v)] = len(_objects)
        _objects.append(v)
    return _own[id(v)]

def _decode(w, shared=None):
    if not isinstance(w, list): return w
    tag, x = w[0], w[1]
    d = lambda y: _decode(y, shared)
    if tag == 'i': return int(x, 16)
    if tag == 'f': return float(x)
    if tag == 'c': return complex(float.fromhex(x), float.fromhex(w[2]))
    if tag == 'l': return [d(y) for y in x]
    if tag == 't': return tuple(d(y) for y in x)
    if tag == 'z': return frozenset(d(y) for y in x)
    if tag == 's': return set(d(y) for y in x)
    if tag in _DICTS: return _DICTS[tag]({d(k): d(y) for k, y in x})
    if tag == 'q': return collections.deque(d(y) for y in x)
    if tag == 'r': return range(*[d(y) for y in x])
    if tag == 'b': return bytes.fromhex(x)
    if tag == 'B': return bytearray.fromhex(x)
    if tag == 'D': return decimal.Decimal(x)
    if tag == 'F': return fractions.Fraction(*[d(y) for y in x])
    if tag == 'T': return getattr(datetime, x)(*w[2]) if x in _TIMES else None
    if tag == 'k':
        named = getattr(builtins, x)
        if _checks and not isinstance(named, type): raise TypeError('not a type')
        return named
    if tag == 'n': return shared.objects[x]
    if tag == 'm':
        v = _CHANGEABLE[w[2][0]]()
        shared.put(x, v)
        _refill(v, d(w[2]))
        return v
    if tag == 'h': return (Remote if _checks else Foreign)(x, w[2])
    if tag == 'o': return _objects[x]
    raise ValueError('unknown tag')

def _refill(v, new):
    if isinstance(v, (list, bytearray)): v[:] = new
    else:
        v.clear()
        (v.extend if isinstance(v, collections.deque) else v.update)(new)

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
    def __eq__(self, other): return isinstance(other, Remote) and other._number == self._number
    def __hash__(self): return hash(self._number)
    def __await__(self):
        return _special(self, 'await')
        yield
    def __bool__(self): return bool(_special(self, 'truth'))
    def __repr__(self): return f'<an object of type {self._kind}>'

def _special(remote, name, *args): return _call({'object': remote._number, 'special': name}, args, {})

_SPECIALS = {'await': lambda v: _Loop().run_until_complete(v), 'iter': iter, 'next': next, 'len': len, 'truth': bool, 'getitem': operator.getitem}
for _name in 'iter next len getitem'.split():
    setattr(Remote, f'__{_name}__', lambda self, *a, _name=_name: _special(self, _name, *a))

class Foreign(Remote):
    """An object of the tests as the program sees it: there, comparison and arithmetic may go over."""

for _name in 'eq ne lt le gt ge add sub mul truediv floordiv mod neg contains setitem delitem'.split():
    _SPECIALS[_name] = getattr(operator, _name)
    setattr(Foreign, f'__{_name}__', lambda self, *a, _name=_name: _special(self, _name, *a))
Foreign.__hash__ = Remote.__hash__

def _ask(message):
    """Speaks to the other side, and answers what it asks before it answers."""
    answer = json.loads(_channel(json.dumps(message)))
    while 'op' in answer: answer = json.loads(_channel(json.dumps(_answer(answer))))
    if 'raised' in answer: raise _raised(*answer['raised'], message.get('special') == 'next')
    return answer

def _raised(name, text, ends):
    kind = getattr(builtins, name, None)
    if not (isinstance(kind, type) and issubclass(kind, Exception)): kind, text = RuntimeError, f'{name}: {text}'
    # Told to a generator or to map(), the end of an iteration would end the test's own loop, and pass it.
    if issubclass(kind, (StopIteration, StopAsyncIteration)) and not ends: kind, text = RuntimeError, f'{name}: {text}'
    try: return kind(text)
    except TypeError: return RuntimeError(f'{name}: {text}')

def _call(target, args, kwargs):
    shared = _Shared()
    e = lambda v: _encode(v, shared, True)
    answer = _ask({'op': 'call', **target, 'args': [e(a) for a in args], 'kwargs': {k: e(v) for k, v in kwargs.items()}})
    for number, contents in answer.get('changes', ()): _refill(shared.objects[number], _decode(contents, shared))
    return _decode(answer['value'], shared)

def _answer(m):
    try: return _serve(m)
    except _Lacking as e: return {'raised': ['TypeError', str(e)]}
    except Exception as e: return {'raised': [type(e).__name__, str(e)[:500]]}

def _serve(m):
    if m['op'] == 'names': return {'names': _names(m['names'])}
    target = _lookup(m['name']) if 'name' in m else _objects[m['object']]
    refusal = _refusal(target, m) if _checks else None
    if refusal: raise refusal
    if m['op'] == 'set':
        setattr(target, m['attribute'], _decode(m['value']))
        return {'value': None}
    if m['op'] == 'get':
        value = getattr(target, m['attribute'])
        return {'call': True} if isinstance(value, (types.MethodType, types.BuiltinMethodType)) else {'value': _encode(value)}
    shared = _Shared()
    args = [_decode(a, shared) for a in m['args']]
    kwargs = {k: _decode(v, shared) for k, v in m['kwargs'].items()}
    before = _states(shared)
    if 'special' in m: value = _SPECIALS[m['special']](target, *args)
    elif 'attribute' in m: value = getattr(target, m['attribute'])(*args, **kwargs)
    else: value = target(*args, **kwargs)
    changed = [(n, now) for (n, now), (_, was) in zip(_states(shared), before) if now != was]
    return {'value': _encode(value, shared), **({'changes': changed} if changed else {})}

def _states(shared):
    e = lambda v: _encode(v, shared)
    return [(number, _contents(v, e)) for number, v in shared.objects.items()]

_DESCRIPTIONS = ('__name__', '__qualname__', '__doc__')

def _refusal(target, m):
    """Why the program may not do this with an object of the tests, as an exception; None where it may."""
    name, kind = m.get('attribute'), type(target).__name__
    if name is None and 'special' not in m: return None if callable(target) else TypeError(f'a {kind} of the tests is no function')
    if name is None:
        plain = m['special'] in ('eq', 'ne', 'truth')
        return TypeError('a function of the tests can only be called') if isinstance(target, _FUNCTIONS) and not plain else None
    if m['op'] == 'get' and isinstance(target, types.FunctionType) and name in _DESCRIPTIONS: return None
    if type(target).__module__ != 'tests' or not isinstance(name, str) or name.startswith('_'):
        return AttributeError(f'a {kind} of the tests has no attribute {name!r} for the program')
    if m['op'] == 'set' and callable(getattr(type(target), name, None)):
        return AttributeError(f'the method {name!r} of a {kind} of the tests stays as it is')
    return None
`;
