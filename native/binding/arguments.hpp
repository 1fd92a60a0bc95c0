// Arguments of the addon's functions, copied out of JavaScript on entry. The TypeScript side validates requests and
// says what is wrong with them; here whatever would make the core read or write outside its arrays is a TypeError.
#pragma once
#include <napi.h>

#include <climits>
#include <cstdint>
#include <string>
#include <vector>

namespace binding {

template <typename Array, typename T>
std::vector<T> copyTyped(const Napi::Value& value, napi_typedarray_type type, const char* what) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != type) {
    throw Napi::TypeError::New(value.Env(), std::string("Expected ") + what + " to be a typed array of the right kind.");
  }
  const auto array = value.As<Array>();
  return std::vector<T>(array.Data(), array.Data() + array.ElementLength());
}

inline std::vector<int32_t> int32s(const Napi::Value& value, const char* what) {
  return copyTyped<Napi::Int32Array, int32_t>(value, napi_int32_array, what);
}
inline std::vector<float> float32s(const Napi::Value& value, const char* what) {
  return copyTyped<Napi::Float32Array, float>(value, napi_float32_array, what);
}
inline std::vector<double> float64s(const Napi::Value& value, const char* what) {
  return copyTyped<Napi::Float64Array, double>(value, napi_float64_array, what);
}
inline std::vector<uint64_t> uint64s(const Napi::Value& value, const char* what) {
  return copyTyped<Napi::BigUint64Array, uint64_t>(value, napi_biguint64_array, what);
}

inline double number(const Napi::Value& value, const char* what) {
  if (!value.IsNumber()) throw Napi::TypeError::New(value.Env(), std::string("Expected ") + what + " to be a number.");
  return value.As<Napi::Number>().DoubleValue();
}
/** A whole number in [least, most]. */
inline double whole(const Napi::Value& value, const char* what, double least, double most) {
  const double given = number(value, what);
  if (given >= least && given <= most && given == static_cast<double>(static_cast<int64_t>(given))) return given;
  throw Napi::TypeError::New(value.Env(), std::string("Expected ") + what + " to be a whole number in range, got " +
                                              value.ToString().Utf8Value() + ".");
}
inline int integer(const Napi::Value& value, const char* what, int least) {
  return static_cast<int>(whole(value, what, least, INT_MAX));
}
/** A count of bytes, a step or the name of a pass: up to 2^53, which a number of JavaScript holds exactly. */
inline uint64_t count(const Napi::Value& value, const char* what) {
  return static_cast<uint64_t>(whole(value, what, 0, 9007199254740992.0));
}
inline std::string text(const Napi::Value& value, const char* what) {
  if (!value.IsString()) throw Napi::TypeError::New(value.Env(), std::string("Expected ") + what + " to be a string.");
  return value.As<Napi::String>().Utf8Value();
}
inline bool boolean(const Napi::Value& value, const char* what) {
  if (!value.IsBoolean()) throw Napi::TypeError::New(value.Env(), std::string("Expected ") + what + " to be a boolean.");
  return value.As<Napi::Boolean>().Value();
}

/** Cuts a flat array into parts of the given lengths, which must add up. */
template <typename T>
std::vector<std::vector<T>> cut(Napi::Env env, const std::vector<T>& flat, const std::vector<int32_t>& lengths, const char* what) {
  std::vector<std::vector<T>> parts;
  size_t at = 0;
  for (const int32_t length : lengths) {
    if (length < 0 || at + length > flat.size()) break;
    parts.emplace_back(flat.begin() + at, flat.begin() + at + length);
    at += length;
  }
  if (parts.size() != lengths.size() || at != flat.size()) {
    throw Napi::TypeError::New(env, std::string("Expected the lengths of ") + what + " to add up to its size.");
  }
  return parts;
}

/** Refuses arrays that are empty or hold what is no token id of the vocabulary. */
inline void requireTokens(Napi::Env env, const std::vector<std::vector<int32_t>>& parts, int vocabularySize, const char* what) {
  for (const auto& part : parts) {
    bool good = !part.empty();
    for (const int32_t token : part) good = good && token >= 0 && token < vocabularySize;
    if (!good) throw Napi::TypeError::New(env, std::string("Expected ") + what + " to be token ids of the vocabulary, one at least in each.");
  }
}

inline void requireLength(Napi::Env env, int64_t prompt, int64_t response, int most) {
  if (response >= 1 && prompt + response <= most) return;
  throw Napi::TypeError::New(env, "Expected a response of 1 token or more, and at most " + std::to_string(most) +
                                      " tokens together with its prompt.");
}

inline Napi::Float32Array toFloat32Array(Napi::Env env, const std::vector<float>& values) {
  auto array = Napi::Float32Array::New(env, values.size());
  std::copy(values.begin(), values.end(), array.Data());
  return array;
}

template <typename T>
Napi::TypedArrayOf<T> joined(Napi::Env env, const std::vector<std::vector<T>>& parts) {
  size_t size = 0;
  for (const auto& part : parts) size += part.size();
  auto array = Napi::TypedArrayOf<T>::New(env, size);
  T* at = array.Data();
  for (const auto& part : parts) at = std::copy(part.begin(), part.end(), at);
  return array;
}

}  // namespace binding
