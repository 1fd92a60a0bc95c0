// Arguments of the addon's functions, copied out of JavaScript on entry. The TypeScript side validates requests;
// here a wrong type or length is a TypeError, never a crash.
#pragma once
#include <napi.h>

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
inline std::vector<uint64_t> uint64s(const Napi::Value& value, const char* what) {
  return copyTyped<Napi::BigUint64Array, uint64_t>(value, napi_biguint64_array, what);
}

inline double number(const Napi::Value& value, const char* what) {
  if (!value.IsNumber()) throw Napi::TypeError::New(value.Env(), std::string("Expected ") + what + " to be a number.");
  return value.As<Napi::Number>().DoubleValue();
}
inline int integer(const Napi::Value& value, const char* what) { return static_cast<int>(number(value, what)); }
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

inline Napi::Float32Array toFloat32Array(Napi::Env env, const std::vector<float>& values) {
  auto array = Napi::Float32Array::New(env, values.size());
  std::copy(values.begin(), values.end(), array.Data());
  return array;
}

inline Napi::Float32Array joined(Napi::Env env, const std::vector<std::vector<float>>& parts) {
  size_t size = 0;
  for (const auto& part : parts) size += part.size();
  auto array = Napi::Float32Array::New(env, size);
  float* at = array.Data();
  for (const auto& part : parts) at = std::copy(part.begin(), part.end(), at);
  return array;
}

}  // namespace binding
