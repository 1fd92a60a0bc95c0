// Work off the JavaScript thread. A piece of work computes a result in C++ and turns it into a JavaScript value back
// on the thread; whatever C++ throws becomes the rejection of its promise, here and nowhere else. A call that was
// cancelled rejects with "cancelled", which is what guiderail::Cancelled says.
#pragma once
#include <napi.h>

#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <string>

#include "handles.hpp"

namespace binding {

/** What the exception being handled says to a person. */
inline std::string currentSentence() {
  try {
    throw;
  } catch (const std::bad_alloc&) {
    return "There is not enough memory for this call; use a smaller batch, a smaller model or a smaller activation budget.";
  } catch (const std::exception& error) {
    return error.what();
  } catch (...) {
    return "The native engine failed in an unknown way.";
  }
}

template <typename Result>
class Work : public Napi::AsyncWorker {
 public:
  using Compute = std::function<Result()>;
  using Convert = std::function<Napi::Value(Napi::Env, const Result&)>;

  static Napi::Value start(Napi::Env env, std::shared_ptr<Machine> machine, Compute compute, Convert convert) {
    auto* work = new Work(env, std::move(machine), std::move(compute), std::move(convert));
    const Napi::Promise promise = work->deferred_.Promise();
    work->Queue();
    return promise;
  }

 protected:
  void Execute() override {
    try {
      const std::lock_guard<std::mutex> turn(machine_->turn);
      result_ = compute_();
    } catch (...) {
      SetError(currentSentence());
    }
    // What the work held of models and flags goes with it, on the thread that computed.
    compute_ = nullptr;
  }
  void OnOK() override { deferred_.Resolve(convert_(Env(), *result_)); }
  void OnError(const Napi::Error& error) override { deferred_.Reject(error.Value()); }

 private:
  Work(Napi::Env env, std::shared_ptr<Machine> machine, Compute compute, Convert convert)
      : Napi::AsyncWorker(env, "guiderail"),
        deferred_(Napi::Promise::Deferred::New(env)),
        machine_(std::move(machine)),
        compute_(std::move(compute)),
        convert_(std::move(convert)) {}

  Napi::Promise::Deferred deferred_;
  std::shared_ptr<Machine> machine_;
  Compute compute_;
  Convert convert_;
  std::optional<Result> result_;
};

struct Nothing {};
inline Napi::Value toUndefined(Napi::Env env, const Nothing&) { return env.Undefined(); }

}  // namespace binding
