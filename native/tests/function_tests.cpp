// exp and log over their whole ranges against long double, and the sets with fused multiply-add against one another.
#include <algorithm>
#include <map>

#include "harness.hpp"

namespace guiderail::tests {
namespace {
/** Distance of a float from an exact value, in units of the last place of that value (of a normal float). */
double ulps(float got, long double exact) {
  int exponent;
  std::frexp(static_cast<double>(exact), &exponent);
  const double unit = std::ldexp(1.0, std::max(exponent - 24, -149));
  return static_cast<double>(std::abs(got - exact)) / unit;
}

float floatOf(uint32_t bits) {
  float x;
  std::memcpy(&x, &bits, 4);
  return x;
}

EachSet exponentials("exp is within 1.5 units of the last place from −87.3 to 88.3", [](const Kernels& kernels) {
  // Both signs and every exponent from 2^−33, mantissas in steps of a prime.
  std::vector<float> x, y;
  for (uint32_t bits = 0x2f000000u; bits < 0x42b10000u; bits += 1021) {
    for (float value : {floatOf(bits), -floatOf(bits)})
      if (value > -87.3365f && value < 88.376f) x.push_back(value);
  }
  y.resize(x.size());
  kernels.expSum(static_cast<int>(x.size()), x.data(), 0.0f, y.data());
  double worst = 0;
  float at = 0;
  for (size_t i = 0; i < x.size(); i++) {
    const double error = ulps(y[i], std::exp(static_cast<long double>(x[i])));
    if (error > worst) worst = error, at = x[i];
  }
  require(worst <= 1.5, worst, " units at ", at);
});

EachSet exponentialEdges("exp at its edges", [](const Kernels& kernels) {
  const auto exp = [&](float x) {
    float y;
    kernels.expSum(1, &x, 0.0f, &y);
    return y;
  };
  requireSame(exp(0.0f), 1.0f);
  requireSame(exp(-0.0f), 1.0f);
  for (float x : {-87.34f, -88.0f, -104.0f, -1e4f, -3e38f, -HUGE_VALF}) requireSame(exp(x), 0.0f, "exp of ", x);
  for (float x : {88.8f, 100.0f, 3e38f, HUGE_VALF}) requireSame(exp(x), HUGE_VALF, "exp of ", x);
  require(std::isnan(exp(std::nanf(""))), "exp of NaN is ", exp(std::nanf("")));
  float last = 0;
  for (float x = -87.4f; x < -87.2f; x += 1e-3f) {
    require(exp(x) >= last && (exp(x) == 0 || exp(x) >= 0x1p-126f), "exp of ", x, " is ", exp(x), " after ", last);
    last = exp(x);
  }
});

Once logarithms("log is rounded correctly", [] {
  double worst = 0;
  for (uint32_t bits = 1; bits < 0x7f800000u; bits += 4093) {
    const float x = floatOf(bits);
    worst = std::max(worst, ulps(naturalLog(x), std::log(static_cast<long double>(x))));
  }
  // Near 1, where the logarithm is small.
  for (uint32_t bits = 0x3f700000u; bits < 0x3f900000u; bits += 7) {
    if (bits == 0x3f800000u) continue;
    const float x = floatOf(bits);
    worst = std::max(worst, ulps(naturalLog(x), std::log(static_cast<long double>(x))));
  }
  require(worst < 0.501, worst, " units of the last place");
});

Once logarithmEdges("log at its edges", [] {
  requireSame(naturalLog(1.0f), 0.0f);
  requireSame(naturalLog(0.0f), -HUGE_VALF);
  requireSame(naturalLog(-0.0f), -HUGE_VALF);
  requireSame(naturalLog(HUGE_VALF), HUGE_VALF);
  requireSame(naturalLog(0x1p-149f), -103.278929903f);
  require(std::isnan(naturalLog(-1.0f)) && std::isnan(naturalLog(std::nanf(""))), "log of a negative number or of NaN is a number");
});

/** Every kernel's outputs on the same numbers. */
std::map<std::string, std::vector<float>> everything(const Kernels& kernels) {
  std::map<std::string, std::vector<float>> out;
  for (int n : {5, 16, 83, 192}) {
    const auto x = numbers(1, n, 6.0f), y = numbers(2, n, 6.0f), z = numbers(3, n);
    const std::string size = " of " + std::to_string(n);
    std::vector<float> a = z, b = z, c(n), d(n);
    const auto keep = [&](const char* name, std::vector<float> values) { out[name + size] = std::move(values); };
    keep("expSum", {kernels.expSum(n, x.data(), -6.0f, c.data())});
    keep("exp", c);
    keep("dot", {kernels.dot(n, x.data(), y.data())});
    keep("maximum", {kernels.maximum(n, x.data())});
    const float r = kernels.rmsNorm(n, x.data(), y.data(), 1e-5f, c.data());
    keep("rmsNorm", c);
    kernels.rmsNormBackward(n, x.data(), y.data(), r, z.data(), a.data());
    keep("rmsNormBackward", a);
    kernels.swiglu(n, x.data(), y.data(), c.data());
    keep("swiglu", c);
    kernels.swigluBackward(n, x.data(), y.data(), z.data(), c.data(), d.data());
    keep("swigluBackward, gate", c);
    keep("swigluBackward, up", d);
    c = x, d = y;
    kernels.softmaxBackward(n, -6.0f, 0.3f, 0.2f, 0.7f, c.data(), d.data());
    keep("softmaxBackward, p", c);
    keep("softmaxBackward, dp", d);
    kernels.addProducts(1, n, z.data(), x.data(), y.data(), n, b.data());
    keep("addProducts", b);
    c = x;
    kernels.rope(n / 2, y.data(), z.data(), 1.0f, c.data());
    keep("rope", c);
    std::vector<float> w = x, m = z, v(n, 0.5f);
    kernels.adamw(n, {1e-3f, 0.9f, 0.95f, 1e-8f, 0.1f, 0.3f, 0.4f, 0.9f}, y.data(), w.data(), m.data(), v.data());
    keep("adamw", w);
    const int rows = 11;
    const auto left = numbers(4, rows * 40), right = numbers(5, 40 * n);
    std::vector<float> product(rows * n);
    kernels.gemm(rows, n, 40, left.data(), 40, 1, right.data(), n, 16, product.data(), n, Onto::Zero);
    keep("gemm", product);
  }
  return out;
}

Once fusedSets("sets with fused multiply-add give the same bits as one another", [] {
  std::vector<const Kernels*> fused = availableKernels();
  fused.erase(fused.begin());
  if (fused.size() < 2) return;
  const auto expected = everything(*fused.front());
  for (const Kernels* kernels : fused) {
    const auto got = everything(*kernels);
    for (const auto& [name, values] : expected)
      for (size_t i = 0; i < values.size(); i++)
        requireSame(got.at(name)[i], values[i], name, ", element ", i, ", ", kernels->name, " against ", fused.front()->name);
  }
});
}  // namespace
}  // namespace guiderail::tests
