// Buffers and their recycling, the pool, the generator and the choice of an instruction set.
#include <atomic>
#include <cstdio>
#include <numeric>
#include <thread>

#if defined(__linux__)
#include <unistd.h>
#endif

#include "../core/buffer.hpp"
#include "../core/pool.hpp"
#include "harness.hpp"

namespace guiderail::tests {
namespace {
constexpr size_t MIB = size_t{1} << 20;

/** Bytes of this process that are in memory; 0 where the system does not say. */
size_t residentBytes() {
  size_t pages = 0;
#if defined(__linux__)
  if (FILE* file = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(file, "%*s %zu", &pages) != 1) pages = 0;
    std::fclose(file);
  }
  pages *= static_cast<size_t>(sysconf(_SC_PAGESIZE));
#endif
  return pages;
}

Once freedBuffers("what large buffers took goes back to the system, whatever lives between them", [] {
  const size_t before = residentBytes();
  if (before == 0) return;
  // A first block of 24 MiB that is freed teaches the C library to keep blocks of up to that size.
  for (const size_t size : {24 * MIB, 8 * MIB, 3 * MIB}) {
    std::vector<Buffer> kept, freed;
    for (int i = 0; i < 6; i++) {
      freed.push_back(Buffer::zeros(size / sizeof(float)));
      kept.push_back(Buffer::zeros(MIB / sizeof(float)));
      require(reinterpret_cast<uintptr_t>(freed.back().get()) % (2 * MIB) == 0, size, " bytes are not aligned to huge pages");
    }
    const size_t full = residentBytes();
    require(full >= before + 6 * size, "6 blocks of ", size, " bytes are not in memory: ", full - before);
    freed.clear();
    require(residentBytes() <= full - 6 * size + MIB, "of 6 blocks of ", size, " bytes only ", full - residentBytes(), " went back");
  }
});

Once recycling("a recycler keeps what was given back within its limit, and no more than that beside what is on loan", [] {
  const size_t before = residentBytes();
  Recycler recycler(16 * MIB);
  const auto floats = [](size_t mib) { return mib * MIB / sizeof(float); };
  float* first;
  {
    const Lease lease = recycler.take(floats(8));
    first = lease.get();
  }
  require(recycler.take(floats(7)).get() == first, "8 MiB that were given back do not serve 7");
  require(recycler.bytes() == 8 * MIB, recycler.bytes(), " bytes of one block of 8 MiB");
  // As many sizes as a run has: none fits another.
  for (size_t round = 0; round < 3; round++) {
    for (const size_t mib : {3, 5, 8, 12, 2}) {
      const Lease lease = recycler.take(floats(mib));
      std::memset(lease.get(), 1, lease.bytes());
      require(recycler.bytes() <= 16 * MIB, recycler.bytes(), " bytes in round ", round);
    }
  }
  {
    std::vector<Lease> loans;
    for (int i = 0; i < 3; i++) loans.push_back(recycler.take(floats(9)));
    require(recycler.bytes() == 27 * MIB, "beside 27 MiB on loan: ", recycler.bytes());
  }
  require(recycler.bytes() == 9 * MIB, "of 27 MiB given back: ", recycler.bytes());
  if (before > 0) require(residentBytes() <= before + 17 * MIB, residentBytes() - before, " bytes more in memory");
});

Once everyTask("a pool runs every task once, with 1 to 4 threads", [] {
  for (int threads = 1; threads <= 4; threads++) {
    Pool pool(threads);
    require(pool.threads() == threads, pool.threads(), " threads");
    for (int tasks : {0, 1, 2, 3, 7, 100, 1000}) {
      std::vector<std::atomic<int>> runs(tasks);
      pool.parallelFor(tasks, [&](int task, int thread) {
        if (thread < 0 || thread >= threads) std::abort();
        runs[task]++;
      });
      for (int task = 0; task < tasks; task++) require(runs[task] == 1, "task ", task, " of ", tasks, " ran ", runs[task].load(), " times");
    }
  }
});

Once shortLoops("what one short loop writes the next one sees", [] {
  Pool pool(4);
  // Sizes vary, so that a worker that comes late to one loop meets another with more tasks.
  std::vector<int> cells(9, 0);
  for (int loop = 0; loop < 20000; loop++) {
    const int tasks = 2 + loop % 8;
    pool.parallelFor(tasks, [&](int task, int) {
      if (cells[task] < 0) std::abort();
      cells[task]++;
    });
  }
  int expected = 0, got = std::accumulate(cells.begin(), cells.end(), 0);
  for (int loop = 0; loop < 20000; loop++) expected += 2 + loop % 8;
  require(got == expected, expected, " tasks, ", got, " ran");
});

Once manyTasks("a loop of more tasks than a word's field holds", [] {
  Pool pool(2);
  const int tasks = (1 << 21) + 5;
  std::vector<uint8_t> runs(tasks, 0);
  pool.parallelFor(tasks, [&](int task, int) { runs[task]++; });
  for (int task = 0; task < tasks; task++) require(runs[task] == 1, "task ", task, " ran ", int{runs[task]}, " times");
});

Once exceptions("the first exception of a task reaches the caller, and the pool goes on", [] {
  for (int threads : {1, 2, 4}) {
    Pool pool(threads);
    for (int round = 0; round < 50; round++) {
      std::string caught;
      try {
        pool.parallelFor(20, [&](int task, int) {
          if (task == round % 20) throw std::runtime_error("task " + std::to_string(task));
        });
      } catch (const std::runtime_error& error) {
        caught = error.what();
      }
      require(caught == "task " + std::to_string(round % 20), threads, " threads, caught \"", caught, "\"");
      std::atomic<int> sum{0};
      pool.parallelFor(10, [&](int task, int) { sum += task; });
      require(sum == 45, "after an exception the tasks summed to ", sum.load());
    }
  }
});

Once severalPools("several pools work beside one another", [] {
  std::vector<std::thread> callers;
  std::vector<long> sums(3, 0);
  for (int caller = 0; caller < 3; caller++) {
    callers.emplace_back([&sums, caller] {
      Pool pool(2);
      for (int loop = 0; loop < 500; loop++) {
        std::vector<long> parts(16, 0);
        pool.parallelFor(16, [&](int task, int) { parts[task] = task + caller; });
        sums[caller] += std::accumulate(parts.begin(), parts.end(), 0L);
      }
    });
  }
  for (std::thread& thread : callers) thread.join();
  for (int caller = 0; caller < 3; caller++) require(sums[caller] == 500 * (120 + 16 * caller), "pool ", caller, ": ", sums[caller]);
});

Once philox("Philox4x32-10 gives the published vectors", [] {
  // kat_vectors of the Random123 distribution (Salmon et al., SC 2011)
  using Block = std::array<uint32_t, 4>;
  require(philox4x32({0, 0, 0, 0}, {0, 0}) == Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}, "zeros");
  require(philox4x32({~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}) == Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}, "ones");
  require(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
              Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1},
          "digits of pi");
});

Once choice("an instruction set is chosen by name, and the fastest without one", [] {
  const auto tables = availableKernels();
  require(std::string(tables.front()->name) == "portable", "the slowest is ", tables.front()->name);
  require(&chooseKernels("") == tables.back(), "\"\" is not the fastest");
  for (const Kernels* table : tables) require(&chooseKernels(table->name) == table, table->name);
  std::string sentence;
  try {
    chooseKernels("avx1024");
  } catch (const std::runtime_error& error) {
    sentence = error.what();
  }
  for (const char* part : {"avx1024", "portable", "GUIDERAIL_ISA"})
    require(sentence.find(part) != std::string::npos, "the refusal does not name ", part, ": ", sentence);
});
}  // namespace
}  // namespace guiderail::tests
