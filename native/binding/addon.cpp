// The addon's functions: a mechanical layer between src/engine/native/addon.ts (which documents each of them) and
// the core. Nothing is decided here.
#include <napi.h>

#include <algorithm>

#include "arguments.hpp"
#include "handles.hpp"
#include "work.hpp"
#include "../core/plan.hpp"

namespace binding {
namespace {

using guiderail::ModelShape;
using Info = Napi::CallbackInfo;

Napi::Value instructionSets(const Info& info) {
  const auto tables = guiderail::availableKernels();
  auto names = Napi::Array::New(info.Env(), tables.size());
  for (uint32_t i = 0; i < tables.size(); i++) names[i] = Napi::String::New(info.Env(), tables[i]->name);
  return names;
}

/** (threads, instructionSet or '', whether products are of bf16) */
Napi::Value createRuntime(const Info& info) {
  const int threads = integer(info[0], "threads", 1);
  const auto& kernels = guiderail::chooseKernels(text(info[1], "the instruction set"));
  const auto precision = boolean(info[2], "bf16") ? guiderail::Precision::Bf16 : guiderail::Precision::Float32;
  return wrap(info.Env(), std::make_shared<Machine>(kernels, threads, precision));
}

ModelShape shapeFrom(const Napi::Value& value) {
  if (!value.IsObject()) throw Napi::TypeError::New(value.Env(), "Expected the shape of a model to be an object.");
  const auto o = value.As<Napi::Object>();
  auto positive = [&](const char* name) { return integer(o.Get(name), name, 1); };
  ModelShape shape{};
  shape.vocabularySize = positive("vocabularySize");
  shape.hiddenSize = positive("hiddenSize");
  shape.intermediateSize = positive("intermediateSize");
  shape.layers = positive("layers");
  shape.heads = positive("heads");
  shape.keyValueHeads = positive("keyValueHeads");
  shape.headDim = positive("headDim");
  shape.maxSequenceLength = positive("maxSequenceLength");
  shape.ropeFrequencies = float64s(o.Get("ropeFrequencies"), "ropeFrequencies");
  shape.rmsNormEps = number(o.Get("rmsNormEps"), "rmsNormEps");
  shape.tiedEmbeddings = boolean(o.Get("tiedEmbeddings"), "tiedEmbeddings");
  shape.qkvBias = boolean(o.Get("qkvBias"), "qkvBias");
  shape.qkNorm = boolean(o.Get("qkNorm"), "qkNorm");
  // Products of two dimensions are ints in the core.
  constexpr int64_t WIDEST = 1 << 24;
  const int64_t widest = std::max({int64_t{shape.vocabularySize}, int64_t{shape.hiddenSize}, int64_t{shape.intermediateSize},
                                   int64_t{shape.layers}, int64_t{shape.heads} * shape.headDim, int64_t{shape.maxSequenceLength}});
  if (shape.heads % shape.keyValueHeads != 0 || shape.ropeFrequencies.size() * 2 != size_t(shape.headDim) || widest > WIDEST) {
    throw Napi::TypeError::New(value.Env(), "Expected heads to be a multiple of keyValueHeads, headDim to be twice the number of ropeFrequencies, and no width above 2^24.");
  }
  return shape;
}

/** Null without an adapter. */
std::unique_ptr<guiderail::Adapters> adaptersFrom(const Napi::Value& value, const guiderail::Runtime& runtime, const guiderail::Parameters& base,
                                                  bool trainable) {
  if (value.IsNull()) return nullptr;
  if (!value.IsObject()) throw Napi::TypeError::New(value.Env(), "Expected the adapter to be an object or null.");
  const auto o = value.As<Napi::Object>();
  const int rank = integer(o.Get("rank"), "rank", 1), targets = integer(o.Get("targets"), "targets", 1);
  if (rank > 1 << 16 || targets >= 1 << guiderail::ADAPTABLE) throw Napi::TypeError::New(value.Env(), "Expected a rank up to 65536 and known targets.");
  const float scale = static_cast<float>(number(o.Get("scale"), "scale"));
  return std::make_unique<guiderail::Adapters>(runtime, base.layers(), rank, scale, static_cast<unsigned>(targets), trainable);
}

/** (runtime, shape, trainable, activationBudgetBytes, adapter or null, model whose base is shared or null) */
Napi::Value createModel(const Info& info) {
  const auto machine = take<Machine>(info[0]);
  const ModelShape shape = shapeFrom(info[1]);
  const bool trainable = boolean(info[2], "trainable");
  const size_t budget = count(info[3], "activationBudgetBytes");
  const bool adapted = !info[4].IsNull();
  std::shared_ptr<guiderail::Parameters> base;
  if (info[5].IsNull()) {
    base = std::make_shared<guiderail::Parameters>(shape, machine->runtime, trainable && !adapted);
  } else {
    const auto other = take<OpenModel>(info[5]);
    if (other->machine != machine || !(other->model.shape() == shape) || other->model.base()->store().trains() || (trainable && !adapted)) {
      throw Napi::TypeError::New(info.Env(), "Expected to share the base of a model of the same runtime and shape, none of which trains it.");
    }
    base = other->model.base();
  }
  auto adapters = adaptersFrom(info[4], machine->runtime, *base, trainable);
  return wrap(info.Env(), std::make_shared<OpenModel>(machine, shape, std::move(base), std::move(adapters), trainable, budget));
}

Napi::Value closeModel(const Info& info) {
  held<OpenModel>(info[0]).reset();
  return info.Env().Undefined();
}

/** (model) -> rows and columns of each tensor, in turn */
Napi::Value tensorSizes(const Info& info) {
  const auto open = take<OpenModel>(info[0]);
  const auto tensors = open->model.tensors();
  auto sizes = Napi::Int32Array::New(info.Env(), tensors.size() * 2);
  for (size_t i = 0; i < tensors.size(); i++) {
    sizes[2 * i] = tensors[i]->rows;
    sizes[2 * i + 1] = tensors[i]->cols;
  }
  return sizes;
}

/** Weights with the adapter in them, to be read alone. */
constexpr int MERGED = 3;

/** The array of a tensor: 0 and MERGED its weights, 1 and 2 its moments. */
std::pair<float*, size_t> arrayOf(const Info& info, OpenModel& open) {
  const auto tensors = open.model.tensors();
  const int which = integer(info[1], "which", 0), index = integer(info[2], "index", 0);
  if (index >= static_cast<int>(tensors.size()) || which > MERGED || (which != 0 && which != MERGED && !tensors[index]->gradient)) {
    throw Napi::RangeError::New(info.Env(), "This model has no such array.");
  }
  const guiderail::Tensor& tensor = *tensors[index];
  return {which == 1 ? tensor.first : which == 2 ? tensor.second : tensor.weight, tensor.size()};
}

/** The memory of an argument that must be a Float32Array of so many numbers. */
float* floatsOf(const Napi::Value& value, size_t size) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_float32_array ||
      value.As<Napi::TypedArray>().ElementLength() != size) {
    throw Napi::TypeError::New(value.Env(), "Expected a Float32Array of " + std::to_string(size) + " numbers for this tensor.");
  }
  return value.As<Napi::Float32Array>().Data();
}

/** (model, which, index, from) */
Napi::Value writeArray(const Info& info) {
  const auto open = take<OpenModel>(info[0]);
  const auto [target, size] = arrayOf(info, *open);
  if (integer(info[1], "which", 0) == MERGED) throw Napi::RangeError::New(info.Env(), "Merged weights can be read alone.");
  std::memcpy(target, floatsOf(info[3], size), size * sizeof(float));
  return info.Env().Undefined();
}

/** (model, which, index, into) */
Napi::Value readArray(const Info& info) {
  const auto open = take<OpenModel>(info[0]);
  const auto [source, size] = arrayOf(info, *open);
  float* into = floatsOf(info[3], size);
  std::memcpy(into, source, size * sizeof(float));
  if (integer(info[1], "which", 0) == MERGED) open->model.mergeAdapter(integer(info[2], "index", 0), into);
  return info.Env().Undefined();
}

/** (model): after writing weights */
Napi::Value weightsChanged(const Info& info) {
  const auto open = take<OpenModel>(info[0]);
  return Work<Nothing>::start(
      info.Env(), open->machine,
      [open] {
        open->model.weightsChanged();
        return Nothing{};
      },
      toUndefined);
}

/** (model, Float64Array: sampled, sampledPrompts, trained, trainedPrompts, promptTokens, newTokens) -> bytes by name */
Napi::Value planMemory(const Info& info) {
  const auto open = take<OpenModel>(info[0]);
  if (!info[1].IsTypedArray() || info[1].As<Napi::TypedArray>().TypedArrayType() != napi_float64_array || info[1].As<Napi::TypedArray>().ElementLength() != 6) {
    throw Napi::TypeError::New(info.Env(), "Expected the work as a Float64Array of 6 numbers.");
  }
  const auto work = info[1].As<Napi::Float64Array>();
  size_t numbers[6];
  for (size_t i = 0; i < 6; i++) {
    if (!(work[i] >= (i < 4 ? 0 : 1) && work[i] <= 1 << 24)) throw Napi::TypeError::New(info.Env(), "Expected the numbers of the work to be counts.");
    numbers[i] = static_cast<size_t>(work[i]);
  }
  auto parts = Napi::Object::New(info.Env());
  for (const auto& [name, bytes] :
       guiderail::planMemory(open->model, {numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5]})) {
    parts[name] = Napi::Number::New(info.Env(), static_cast<double>(bytes));
  }
  return parts;
}

/** () -> bytes that buffers of this process hold and held at most since the last call */
Napi::Value memoryUse(const Info& info) {
  auto use = Napi::Object::New(info.Env());
  const size_t held = guiderail::MemoryCount::held.load();
  use["bytes"] = Napi::Number::New(info.Env(), static_cast<double>(held));
  use["peakBytes"] = Napi::Number::New(info.Env(), static_cast<double>(guiderail::MemoryCount::peak.exchange(held)));
  return use;
}

Napi::Value stepCount(const Info& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(take<OpenModel>(info[0])->model.stepCount()));
}

Napi::Value setStepCount(const Info& info) {
  take<OpenModel>(info[0])->model.stepCount() = static_cast<int64_t>(count(info[1], "the step count"));
  return info.Env().Undefined();
}

Napi::Value createCancelFlag(const Info& info) { return wrap(info.Env(), std::make_shared<CancelFlag>(false)); }

Napi::Value cancel(const Info& info) {
  take<CancelFlag>(info[0])->store(true);
  return info.Env().Undefined();
}

/** (model, cancelFlag, prompts, promptLengths, responses, responseLengths, temperature, gradient, wantEntropies, wantTopTokens) */
Napi::Value forward(const Info& info) {
  const Napi::Env env = info.Env();
  const auto open = take<OpenModel>(info[0]);
  const auto flag = take<CancelFlag>(info[1]);
  auto prompts = cut(env, int32s(info[2], "prompts"), int32s(info[3], "prompt lengths"), "prompts");
  auto responses = cut(env, int32s(info[4], "responses"), int32s(info[5], "response lengths"), "responses");
  if (prompts.size() != responses.size()) throw Napi::TypeError::New(env, "Expected as many responses as prompts.");
  const ModelShape& shape = open->model.shape();
  requireTokens(env, prompts, shape.vocabularySize, "prompts");
  requireTokens(env, responses, shape.vocabularySize, "responses");
  for (size_t i = 0; i < prompts.size(); i++) requireLength(env, prompts[i].size(), responses[i].size(), shape.maxSequenceLength);
  const guiderail::ForwardOptions options{boolean(info[7], "gradient"), boolean(info[8], "wantEntropies"),
                                          boolean(info[9], "wantTopTokens"), static_cast<float>(number(info[6], "temperature"))};
  std::vector<guiderail::ScoredSequence> sequences;
  for (size_t i = 0; i < prompts.size(); i++) sequences.push_back({std::move(prompts[i]), std::move(responses[i])});
  return Work<guiderail::ForwardResult>::start(
      env, open->machine,
      [open, flag, options, sequences = std::move(sequences)] { return open->model.forward(sequences, options, *flag); },
      [](Napi::Env e, const guiderail::ForwardResult& result) -> Napi::Value {
        auto object = Napi::Object::New(e);
        object.Set("logprobs", joined(e, result.logprobs));
        object.Set("entropies", joined(e, result.entropies));
        object.Set("topTokens", joined(e, result.topTokens));
        object.Set("topLogprobs", joined(e, result.topLogprobs));
        object.Set("pass", Napi::Number::New(e, static_cast<double>(result.pass)));
        return object;
      });
}

/** (model, pass, lengths, dLogprobs or null, dEntropies or null) */
Napi::Value backward(const Info& info) {
  const Napi::Env env = info.Env();
  const auto open = take<OpenModel>(info[0]);
  const auto pass = count(info[1], "pass");
  const auto lengths = int32s(info[2], "lengths");
  using Arrays = std::optional<std::vector<std::vector<float>>>;
  auto arrays = [&](const Napi::Value& value, const char* what) -> Arrays {
    if (value.IsNull()) return std::nullopt;
    return cut(env, float32s(value, what), lengths, what);
  };
  Arrays dLogprobs = arrays(info[3], "dLogprobs"), dEntropies = arrays(info[4], "dEntropies");
  return Work<Nothing>::start(
      env, open->machine,
      [open, pass, dLogprobs = std::move(dLogprobs), dEntropies = std::move(dEntropies)] {
        open->model.backward(pass, dLogprobs ? &*dLogprobs : nullptr, dEntropies ? &*dEntropies : nullptr);
        return Nothing{};
      },
      toUndefined);
}

/** (model, pass) */
Napi::Value release(const Info& info) {
  const auto open = take<OpenModel>(info[0]);
  const auto pass = count(info[1], "pass");
  return Work<Nothing>::start(
      info.Env(), open->machine,
      [open, pass] {
        open->model.release(pass);
        return Nothing{};
      },
      toUndefined);
}

/** (model, learningRate, beta1, beta2, epsilon, weightDecay, maxGradNorm) */
Napi::Value step(const Info& info) {
  const auto open = take<OpenModel>(info[0]);
  const guiderail::AdamWUpdate update{number(info[1], "learningRate"), number(info[2], "beta1"),       number(info[3], "beta2"),
                                      number(info[4], "epsilon"),      number(info[5], "weightDecay"), number(info[6], "maxGradNorm")};
  return Work<guiderail::StepResult>::start(
      info.Env(), open->machine, [open, update] { return open->model.step(update); },
      [](Napi::Env e, const guiderail::StepResult& result) -> Napi::Value {
        auto object = Napi::Object::New(e);
        object.Set("gradNorm", Napi::Number::New(e, result.gradNorm));
        object.Set("applied", Napi::Boolean::New(e, result.applied));
        return object;
      });
}

/** (model, prompts, promptLengths, maxNewTokens, temperatures, stopTokens, stopLengths, seeds, topK, topP, minP, watched) */
Napi::Value startSampling(const Info& info) {
  const Napi::Env env = info.Env();
  const auto open = take<OpenModel>(info[0]);
  auto prompts = cut(env, int32s(info[1], "prompts"), int32s(info[2], "prompt lengths"), "prompts");
  const auto maxNewTokens = int32s(info[3], "maxNewTokens");
  const auto temperatures = float32s(info[4], "temperatures");
  auto stops = cut(env, int32s(info[5], "stop tokens"), int32s(info[6], "stop lengths"), "stop tokens");
  const auto seeds = uint64s(info[7], "seeds");
  const auto topK = int32s(info[8], "topK");
  const auto topP = float64s(info[9], "topP"), minP = float64s(info[10], "minP");
  const auto watched = int32s(info[11], "watched");
  const size_t size = prompts.size();
  if (maxNewTokens.size() != size || temperatures.size() != size || stops.size() != size || seeds.size() != size ||
      topK.size() != size || topP.size() != size || minP.size() != size ||
      watched.size() != size) {
    throw Napi::TypeError::New(env, "Expected one entry a request in every array.");
  }
  const ModelShape& shape = open->model.shape();
  requireTokens(env, prompts, shape.vocabularySize, "prompts");
  for (size_t i = 0; i < size; i++) requireLength(env, prompts[i].size(), maxNewTokens[i], shape.maxSequenceLength);
  std::vector<guiderail::SampleRequest> requests;
  for (size_t i = 0; i < size; i++) {
    requests.push_back({std::move(prompts[i]), maxNewTokens[i], temperatures[i], std::move(stops[i]), seeds[i],
                        {topK[i], topP[i], minP[i]}, watched[i] != 0});
  }
  return wrap(env, std::make_shared<OpenSampling>(open, std::move(requests)));
}

Napi::Value toSequence(Napi::Env env, const guiderail::SampledSequence& sequence) {
  auto object = Napi::Object::New(env);
  auto tokens = Napi::Int32Array::New(env, sequence.tokens.size());
  std::copy(sequence.tokens.begin(), sequence.tokens.end(), tokens.Data());
  object.Set("index", Napi::Number::New(env, sequence.index));
  object.Set("tokens", tokens);
  object.Set("logprobs", toFloat32Array(env, sequence.logprobs));
  object.Set("stopped", Napi::Boolean::New(env, sequence.stopped));
  return object;
}

Napi::Value toDrawn(Napi::Env env, const guiderail::DrawnToken& drawn) {
  auto object = Napi::Object::New(env);
  object.Set("index", Napi::Number::New(env, drawn.index));
  object.Set("token", Napi::Number::New(env, drawn.token));
  object.Set("logprob", Napi::Number::New(env, drawn.logprob));
  return object;
}

/** (sampling, cancelFlag, stopping) -> tokens of watched requests, and sequences that ended; none when all have */
Napi::Value nextSampled(const Info& info) {
  const auto sampling = take<OpenSampling>(info[0]);
  const auto flag = take<CancelFlag>(info[1]);
  auto stopping = int32s(info[2], "the requests to stop");
  return Work<guiderail::SamplingProgress>::start(
      info.Env(), sampling->model->machine,
      [sampling, flag, stopping = std::move(stopping)] { return sampling->run.next(*flag, stopping); },
      [](Napi::Env e, const guiderail::SamplingProgress& progress) -> Napi::Value {
        auto drawn = Napi::Array::New(e, progress.drawn.size()), ended = Napi::Array::New(e, progress.ended.size());
        for (uint32_t i = 0; i < progress.drawn.size(); i++) drawn[i] = toDrawn(e, progress.drawn[i]);
        for (uint32_t i = 0; i < progress.ended.size(); i++) ended[i] = toSequence(e, progress.ended[i]);
        auto object = Napi::Object::New(e);
        object.Set("drawn", drawn);
        object.Set("ended", ended);
        return object;
      });
}

Napi::Value endSampling(const Info& info) {
  held<OpenSampling>(info[0]).reset();
  return info.Env().Undefined();
}

/** The one place where what C++ throws on the JavaScript thread becomes an error of JavaScript. */
template <Napi::Value (*function)(const Info&)>
Napi::Value guarded(const Info& info) {
  try {
    return function(info);
  } catch (const Napi::Error&) {
    throw;
  } catch (...) {
    throw Napi::Error::New(info.Env(), currentSentence());
  }
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  const std::pair<const char*, Napi::Value (*)(const Info&)> functions[] = {
      {"instructionSets", guarded<instructionSets>},
      {"createRuntime", guarded<createRuntime>},
      {"planMemory", guarded<planMemory>},
      {"memoryUse", guarded<memoryUse>},
      {"createModel", guarded<createModel>},
      {"closeModel", guarded<closeModel>},
      {"tensorSizes", guarded<tensorSizes>},
      {"writeArray", guarded<writeArray>},
      {"readArray", guarded<readArray>},
      {"weightsChanged", guarded<weightsChanged>},
      {"stepCount", guarded<stepCount>},
      {"setStepCount", guarded<setStepCount>},
      {"createCancelFlag", guarded<createCancelFlag>},
      {"cancel", guarded<cancel>},
      {"forward", guarded<forward>},
      {"backward", guarded<backward>},
      {"release", guarded<release>},
      {"step", guarded<step>},
      {"startSampling", guarded<startSampling>},
      {"nextSampled", guarded<nextSampled>},
      {"endSampling", guarded<endSampling>},
  };
  for (const auto& [name, function] : functions) exports.Set(name, Napi::Function::New(env, function, name));
  return exports;
}

}  // namespace
}  // namespace binding

Napi::Object initAddon(Napi::Env env, Napi::Object exports) { return binding::init(env, exports); }

NODE_API_MODULE(guiderail, initAddon)
