// A fixed set of threads that carry out the tasks of one loop at a time. The caller takes part. Tasks are handed
// out as threads become free, so a task must not depend on which thread runs it; only scratch space may. A loop ends
// when its tasks have: it does not wait for a worker that sleeps or that the system runs late.
#pragma once
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <type_traits>
#include <vector>

namespace guiderail {

class Pool {
 public:
  /** Threads that compute, the caller's included; at least 1. */
  explicit Pool(int threads);
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  int threads() const { return static_cast<int>(workers_.size()) + 1; }
  /** Calls run(task, thread) for each task from 0; rethrows the first exception once all have ended. One call at a time. */
  template <typename F>
  void parallelFor(int tasks, F&& run) {
    using Run = std::remove_reference_t<F>;
    start(tasks, {[](const void* what, int task, int thread) { (*static_cast<Run*>(const_cast<void*>(what)))(task, thread); }, std::addressof(run)});
  }

 private:
  /** A reference to a callable; nothing is allocated for it. */
  struct Call {
    void (*call)(const void* what, int task, int thread);
    const void* what;
    void operator()(int task, int thread) const { call(what, task, thread); }
  };

  void start(int tasks, Call run);
  void work(int thread);
  /** Takes tasks of whichever loop is under way until there are none. */
  void takeTasks(int thread);
  void runTask(int task, int thread);

  std::vector<std::thread> workers_;
  std::mutex mutex_;
  std::condition_variable wake_;
  int asleep_ = 0;
  /**
   * The loop under way, in one word, so that a late worker cannot mistake an old loop's task for a new one's: its
   * number (20 bits, from the top), how many tasks it has (22) and the next one to take (22).
   */
  std::atomic<uint64_t> loop_{0};
  /** Tasks of the loop that have not ended. */
  std::atomic<int> left_{0};
  std::atomic<bool> stop_{false};
  std::atomic<bool> failed_{false};
  Call run_{};
  std::exception_ptr failure_;
};

}  // namespace guiderail
