// What Pyodide does otherwise than the Python that programs are written for, as Python text: one thread is all there
// is, and its event loop is the host's, which the sandbox has taken away. Threads and executors run their work
// where it is started; asyncio gets a loop that only sleeps; what would wait for ever for another thread says
// that the sandbox lacks it.

export const PYTHON_RUNTIME = String.raw`
import asyncio, asyncio.base_events, concurrent.futures.thread, atexit

sys.stdout.reconfigure(line_buffering=False)
sys.set_int_max_str_digits(0)

_ALONE = 'the sandbox has one thread, and this waits for another'

def _start(self):
    self._started.set()
    self.run()
    self._os_thread_handle = None
threading.Thread.start = _start
threading.Thread.join = lambda self, timeout=None: None
threading.Thread.is_alive = lambda self: False
threading.stack_size = lambda size=0: 0

def _wait(self, timeout=None):
    if timeout is None: raise RuntimeError(_ALONE)
    time.sleep(timeout)
    return False
threading.Condition.wait = _wait

def _submit(self, work, /, *args, **kwargs):
    future = concurrent.futures.Future()
    future.set_running_or_notify_cancel()
    try: future.set_result(work(*args, **kwargs))
    except BaseException as e: future.set_exception(e)
    return future
concurrent.futures.ThreadPoolExecutor.submit = concurrent.futures.thread.ThreadPoolExecutor.submit = _submit

class _Timers:
    def select(self, timeout=None):
        if timeout is None: raise RuntimeError('the event loop waits for nothing that can happen')
        if timeout > 0: time.sleep(timeout)
        return []

class _Loop(asyncio.base_events.BaseEventLoop):
    """An event loop without files or sockets: callbacks and timers are all that can happen."""
    def __init__(self):
        super().__init__()
        self._selector = _Timers()
    def _process_events(self, events): pass
    def _write_to_self(self): pass

class _LoopPolicy(asyncio.events._BaseDefaultEventLoopPolicy):
    _loop_factory = _Loop

def _ordinary_asyncio():
    # Pyodide sets its own as it starts, and a run() and a sleep() that ask its host.
    time.sleep = getattr(time.sleep, '__globals__', {}).get('_orig_sleep', time.sleep)
    asyncio.run = asyncio.runners.run
    asyncio.events._set_running_loop(None)
    asyncio.events._set_event_loop_policy(_LoopPolicy())
`;
