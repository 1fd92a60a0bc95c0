// Blocks of floats, aligned for vectors and not initialised. A Buffer owns its memory; a Lease gives it back to the
// Recycler it came from, because fresh memory costs the system as much time as a layer's arithmetic.
#pragma once
#include <cstddef>
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
    if (floats == 0) return;
    // Large blocks are aligned to huge pages and ask for them.
    const std::align_val_t alignment{bytes() >= HUGE_PAGE ? HUGE_PAGE : 64};
    data_ = std::unique_ptr<float, Free>(static_cast<float*>(::operator new(bytes(), alignment)), Free{alignment});
#if defined(__linux__)
    if (bytes() >= HUGE_PAGE) madvise(data_.get(), bytes() / HUGE_PAGE * HUGE_PAGE, MADV_HUGEPAGE);
#endif
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
  static constexpr size_t HUGE_PAGE = size_t{2} << 20;
  struct Free {
    std::align_val_t alignment;
    void operator()(float* p) const { ::operator delete(p, alignment); }
  };
  std::unique_ptr<float, Free> data_{nullptr, Free{std::align_val_t{64}}};
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
  /** Bytes on loan and given back. */
  size_t total_ = 0;
  std::deque<Buffer> free_;
};

inline Lease::~Lease() {
  if (owner_ && buffer_.size() > 0) owner_->giveBack(std::move(buffer_));
}

}  // namespace guiderail
