// What JavaScript holds of the core: externals with a type tag, so that a handle of the wrong kind is an error and
// not a crash. A handle owns its object through a shared pointer; a worker under way holds another, so closing or
// collecting a handle never pulls an object from under it.
#pragma once
#include <napi.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <string>

#include "../core/cpu.hpp"
#include "../core/model.hpp"
#include "../core/sampler.hpp"

namespace binding {

/** Threads and kernels of one engine. One call computes at a time. */
struct Machine {
  Machine(const guiderail::Kernels& kernels, int threads, guiderail::Precision precision)
      : pool(threads), products(kernels, pool, precision), runtime{kernels, pool, products} {}
  guiderail::Pool pool;
  guiderail::Products products;
  guiderail::Runtime runtime;
  std::mutex turn;
};

struct OpenModel {
  OpenModel(std::shared_ptr<Machine> machine, const guiderail::ModelShape& shape, std::shared_ptr<guiderail::Parameters> base,
            std::unique_ptr<guiderail::Adapters> adapters, bool trainable, size_t budget)
      : machine(std::move(machine)), model(shape, this->machine->runtime, std::move(base), std::move(adapters), budget), trainable(trainable) {}
  std::shared_ptr<Machine> machine;
  guiderail::Model model;
  bool trainable;
};

struct OpenSampling {
  OpenSampling(std::shared_ptr<OpenModel> model, std::vector<guiderail::SampleRequest> requests)
      : model(std::move(model)), run(this->model->model, std::move(requests)) {}
  std::shared_ptr<OpenModel> model;
  guiderail::SamplerRun run;
};

using CancelFlag = std::atomic<bool>;

template <typename T>
struct Kind;
template <>
struct Kind<Machine> {
  static constexpr napi_type_tag tag{0x6775696465726169, 1};
  static constexpr const char* name = "a runtime";
};
template <>
struct Kind<OpenModel> {
  static constexpr napi_type_tag tag{0x6775696465726169, 2};
  static constexpr const char* name = "an open model";
};
template <>
struct Kind<OpenSampling> {
  static constexpr napi_type_tag tag{0x6775696465726169, 3};
  static constexpr const char* name = "a sampling run";
};
template <>
struct Kind<CancelFlag> {
  static constexpr napi_type_tag tag{0x6775696465726169, 4};
  static constexpr const char* name = "a cancel flag";
};

template <typename T>
Napi::Value wrap(Napi::Env env, std::shared_ptr<T> object) {
  auto external = Napi::External<std::shared_ptr<T>>::New(env, new std::shared_ptr<T>(std::move(object)),
                                                         [](Napi::BasicEnv, std::shared_ptr<T>* held) { delete held; });
  external.TypeTag(&Kind<T>::tag);
  return external;
}

/** The shared pointer in a handle; may be empty after close. */
template <typename T>
std::shared_ptr<T>& held(const Napi::Value& value) {
  if (value.IsExternal()) {
    auto external = value.As<Napi::External<std::shared_ptr<T>>>();
    if (external.CheckTypeTag(&Kind<T>::tag)) return *external.Data();
  }
  throw Napi::TypeError::New(value.Env(), std::string("Expected the handle of ") + Kind<T>::name + ", got something else.");
}

template <typename T>
std::shared_ptr<T> take(const Napi::Value& value) {
  std::shared_ptr<T> object = held<T>(value);
  if (!object) throw Napi::Error::New(value.Env(), std::string("Expected the handle of ") + Kind<T>::name + ", but it was closed.");
  return object;
}

}  // namespace binding
