// Blocks of floats, aligned for vectors and not initialised. A Buffer owns its memory; a Lease gives it back to the
// Recycler it came from, because fresh memory costs the system as much time as a layer's arithmetic.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <memory>
#include <mutex>
#include <new>
#include <utility>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace guiderail {

/** At least n floats in an odd number of cache lines, so that the same column of many rows spreads over the cache's sets. */
constexpr ptrdiff_t oddLines(ptrdiff_t n) { return ((n + 15) / 16 | 1) * 16; }

class Buffer {
 public:
  Buffer() = default;
  /** Throws std::bad_alloc. */
  explicit Buffer(size_t floats) : size_(floats) {
    if (floats > 0) data_ = std::unique_ptr<float, Free>(allocate(bytes()), Free{bytes()});
  }
  static Buffer zeros(size_t floats) {
    Buffer buffer(floats);
    if (floats > 0) std::memset(buffer.get(), 0, buffer.bytes());
    return buffer;
  }
  float* get() const { return data_.get(); }
  size_t size() const { return size_; }
  size_t bytes() const { return size_ * sizeof(float); }
  /** At least `floats` long; contents are lost when it grows. */
  void reserve(size_t floats) {
    if (floats <= size_) return;
    *this = Buffer();
    *this = Buffer(floats);
  }

 private:
#if defined(__linux__)
  // Large blocks are mapped one by one, aligned to huge pages, and ask for them. What is freed is the system's again:
  // the C library would keep hundreds of megabytes in pieces that nothing later fits.
  static constexpr size_t HUGE_PAGE = size_t{2} << 20;
  static bool isMapped(size_t bytes) { return bytes >= HUGE_PAGE; }
  static size_t hugePages(size_t bytes) { return (bytes + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE; }
  static void* map(size_t bytes) {
    const size_t wanted = hugePages(bytes);
    void* const mapped = mmap(nullptr, wanted + HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) throw std::bad_alloc();
    const size_t before = HUGE_PAGE - reinterpret_cast<uintptr_t>(mapped) % HUGE_PAGE;
    char* const start = static_cast<char*>(mapped) + before;
    munmap(mapped, before);
    if (before < HUGE_PAGE) munmap(start + wanted, HUGE_PAGE - before);
    // Not the rest of the last huge page, which may stay empty.
    madvise(start, bytes / HUGE_PAGE * HUGE_PAGE, MADV_HUGEPAGE);
    return start;
  }
  static void unmap(void* p, size_t bytes) { munmap(p, hugePages(bytes)); }
#else
  static bool isMapped(size_t) { return false; }
  static void* map(size_t) { return nullptr; }
  static void unmap(void*, size_t) {}
#endif
  static constexpr std::align_val_t ALIGNMENT{64};
  static float* allocate(size_t bytes) {
    return static_cast<float*>(isMapped(bytes) ? map(bytes) : ::operator new(bytes, ALIGNMENT));
  }
  struct Free {
    size_t bytes;
    void operator()(float* p) const { isMapped(bytes) ? unmap(p, bytes) : ::operator delete(p, ALIGNMENT); }
  };
  std::unique_ptr<float, Free> data_{nullptr, Free{0}};
  size_t size_ = 0;
};

class Recycler;

/** A buffer on loan; at least as long as was asked for. */
class Lease {
 public:
  Lease() = default;
  Lease(Recycler& owner, Buffer buffer) : owner_(&owner), buffer_(std::move(buffer)) {}
  Lease(Lease&& other) noexcept : owner_(std::exchange(other.owner_, nullptr)), buffer_(std::move(other.buffer_)) {}
  Lease& operator=(Lease&& other) noexcept {
    std::swap(owner_, other.owner_);
    std::swap(buffer_, other.buffer_);
    return *this;
  }
  inline ~Lease();
  float* get() const { return buffer_.get(); }
  size_t bytes() const { return buffer_.bytes(); }

 private:
  Recycler* owner_ = nullptr;
  Buffer buffer_;
};

/**
 * Keeps what was given back as long as that, with what is on loan, stays within `limit` bytes. Outlives its leases.
 * Any thread may take and give back: a sampling may be dropped while its model computes.
 */
class Recycler {
 public:
  explicit Recycler(size_t limit) : limit_(limit) {}
  Recycler(const Recycler&) = delete;
  Recycler& operator=(const Recycler&) = delete;

  Lease take(size_t floats) {
    std::lock_guard<std::mutex> lock(mutex_);
    for (auto free = free_.begin(); free != free_.end(); ++free) {
      if (free->size() < floats || free->size() > floats + floats / 4) continue;
      Buffer buffer = std::move(*free);
      free_.erase(free);
      return Lease(*this, std::move(buffer));
    }
    // Sizes in steps of an eighth of a power of two, so that nearly equal ones fit one another.
    size_t step = 16;
    while (step * 16 < floats) step *= 2;
    const size_t rounded = (floats + step - 1) / step * step;
    makeRoom(rounded * sizeof(float));
    Buffer buffer(rounded);
    total_ += buffer.bytes();
    return Lease(*this, std::move(buffer));
  }
  void giveBack(Buffer buffer) {
    std::lock_guard<std::mutex> lock(mutex_);
    free_.push_back(std::move(buffer));
    makeRoom(0);
  }
  /** On loan and given back. */
  size_t bytes() {
    std::lock_guard<std::mutex> lock(mutex_);
    return total_;
  }

 private:
  /** Frees what was given back longest ago. */
  void makeRoom(size_t bytes) {
    while (!free_.empty() && total_ + bytes > limit_) {
      total_ -= free_.front().bytes();
      free_.pop_front();
    }
  }

  const size_t limit_;
  std::mutex mutex_;
  size_t total_ = 0;
  std::deque<Buffer> free_;
};

inline Lease::~Lease() {
  if (owner_ && buffer_.size() > 0) owner_->giveBack(std::move(buffer_));
}

}  // namespace guiderail
