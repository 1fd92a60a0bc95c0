#include "pool.hpp"

#include <utility>

namespace guiderail {

namespace {
// About 50 microseconds: the gap between two loops of one forward is shorter, that between two calls is not.
constexpr int SPINS = 5000;
constexpr int FIELD = 22;
/** More tasks than this are done in several loops; the rest of the field bears takers that come too late. */
constexpr int MOST_TASKS = 1 << (FIELD - 1);
constexpr uint64_t MASK = (uint64_t{1} << FIELD) - 1;

uint64_t tasksOf(uint64_t loop) { return loop >> FIELD & MASK; }
uint64_t nextOf(uint64_t loop) { return loop & MASK; }

inline void relax() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#endif
}
}  // namespace

Pool::Pool(int threads) {
  for (int thread = 1; thread < threads; thread++) workers_.emplace_back([this, thread] { work(thread); });
}

Pool::~Pool() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void Pool::start(int tasks, Call run) {
  if (workers_.empty() || tasks == 1) {
    for (int task = 0; task < tasks; task++) run(task, 0);
    return;
  }
  if (tasks <= 0) return;
  if (tasks > MOST_TASKS) {
    start(MOST_TASKS, run);
    return parallelFor(tasks - MOST_TASKS, [&run](int task, int thread) { run(MOST_TASKS + task, thread); });
  }
  run_ = run;
  failed_.store(false, std::memory_order_relaxed);
  left_.store(tasks, std::memory_order_relaxed);
  const uint64_t number = (loop_.load(std::memory_order_relaxed) >> 2 * FIELD) + 1;
  loop_.store(number << 2 * FIELD | static_cast<uint64_t>(tasks) << FIELD);
  bool sleepers;
  {
    // Under the lock, so that a worker about to sleep either sees the loop or is counted.
    std::lock_guard<std::mutex> lock(mutex_);
    sleepers = asleep_ > 0;
  }
  if (sleepers) wake_.notify_all();
  takeTasks(0);
  for (int spin = 0; left_.load(std::memory_order_acquire) > 0; spin++) {
    if (spin < SPINS) {
      relax();
    } else {
      std::this_thread::yield();
    }
  }
  if (failed_.load(std::memory_order_relaxed)) std::rethrow_exception(std::exchange(failure_, nullptr));
}

void Pool::takeTasks(int thread) {
  for (;;) {
    // Looks first, so that the field of a loop that is over does not run on for ever.
    uint64_t loop = loop_.load(std::memory_order_acquire);
    if (nextOf(loop) >= tasksOf(loop)) return;
    // What is taken may belong to a later loop than was seen; the word says which task and of how many.
    loop = loop_.fetch_add(1, std::memory_order_acq_rel);
    if (nextOf(loop) >= tasksOf(loop)) return;
    // The loop cannot end before this task has, so run_ is its function.
    runTask(static_cast<int>(nextOf(loop)), thread);
    left_.fetch_sub(1, std::memory_order_release);
  }
}

/** After a failure the remaining tasks are passed over. */
void Pool::runTask(int task, int thread) {
  if (failed_.load(std::memory_order_relaxed)) return;
  try {
    run_(task, thread);
  } catch (...) {
    std::lock_guard<std::mutex> lock(mutex_);
    if (!failed_.exchange(true)) failure_ = std::current_exception();
  }
}

void Pool::work(int thread) {
  const auto over = [this] {
    const uint64_t loop = loop_.load(std::memory_order_acquire);
    return nextOf(loop) >= tasksOf(loop);
  };
  while (!stop_) {
    takeTasks(thread);
    for (int spin = 0; spin < SPINS && over() && !stop_; spin++) relax();
    if (!over()) continue;
    std::unique_lock<std::mutex> lock(mutex_);
    asleep_++;
    wake_.wait(lock, [&] { return stop_ || !over(); });
    asleep_--;
  }
}

}  // namespace guiderail
