// The kernels that work along a row. Orders of summation are checked bit by bit against a loop that spells them out;
// values against double precision; derivatives against central differences of the double function; and every output
// at every length, so that the last, partial vector is held to the same arithmetic as the others.
#include <algorithm>

#include "harness.hpp"

namespace guiderail::tests {
namespace {
constexpr double UNIT = 0x1p-24;

void forLengths(const std::function<void(int)>& run) {
  for (int n = 1; n <= 50; n++) run(n);
  for (int n : {64, 96, 100, 127, 192, 576}) run(n);
}

/** ∂f/∂x[i] by central differences. */
double slope(const std::function<double(const std::vector<double>&)>& f, const std::vector<float>& x, int i) {
  std::vector<double> moved(x.begin(), x.end());
  const double h = 1e-5;
  moved[i] = x[i] + h;
  const double above = f(moved);
  moved[i] = x[i] - h;
  return (above - f(moved)) / (2 * h);
}

EachSet dots("dot products are summed by the rule of sixteen lanes", [](const Kernels& kernels) {
  forLengths([&](int n) {
    const auto a = numbers(1, n), b = numbers(2, n);
    const float expected = sumBySixteen(n, [&](float lane, int i) { return link(kernels, a[i], b[i], lane); });
    requireSame(kernels.dot(n, a.data(), b.data()), expected, n, " elements");
  });
});

EachSet dotByHand("a dot product by hand", [](const Kernels& kernels) {
  // Lanes 0 to 3 hold 1 + 17·17, 4, 9, 16.
  std::vector<float> x(17, 0.0f);
  x[0] = 1, x[1] = 2, x[2] = 3, x[3] = 4, x[16] = 17;
  requireSame(kernels.dot(17, x.data(), x.data()), 319.0f);
  // 2^24 + 1 is no float: in lane order 1 is added to 1 (lanes 0 and 8) before it meets 2^24 (lane 1).
  std::vector<float> y(16, 0.0f);
  const std::vector<float> ones(16, 1.0f);
  y[0] = 1, y[8] = 1, y[1] = 0x1p24f;
  requireSame(kernels.dot(16, y.data(), ones.data()), 0x1p24f + 2.0f);
});

EachSet maxima("the maximum is found at every place, among negative numbers too", [](const Kernels& kernels) {
  forLengths([&](int n) {
    for (int at = 0; at < n; at++) {
      std::vector<float> x(n, -5.0f);
      x[at] = -2.0f;
      requireSame(kernels.maximum(n, x.data()), -2.0f, n, " elements, at ", at);
    }
  });
  std::vector<float> infinite(20, -HUGE_VALF);
  requireSame(kernels.maximum(20, infinite.data()), -HUGE_VALF);
});

EachSet expSums("exponentials are summed by the rule of sixteen lanes, whatever the length", [](const Kernels& kernels) {
  forLengths([&](int n) {
    const auto x = numbers(3, n, 10.0f);
    Guarded out(n);
    const float sum = kernels.expSum(n, x.data(), -1.5f, out.data());
    out.requireIntact("expSum");
    requireSame(sum, sumBySixteen(n, [&](float lane, int i) { return lane + out[i]; }), n, " elements");
    for (int i = 0; i < n; i++) {
      float alone;
      kernels.expSum(1, &x[i], -1.5f, &alone);
      requireSame(out[i], alone, "element ", i, " of ", n);
    }
    std::vector<float> inPlace = x;
    requireSame(kernels.expSum(n, inPlace.data(), -1.5f, inPlace.data()), sum, "in place");
    require(inPlace == out.values(), "in place, ", n, " elements");
  });
});

EachSet softmaxGradients("softmax backward gives the weights of forward, and the derivative", [](const Kernels& kernels) {
  const float by = 0.35f;
  forLengths([&](int n) {
    const auto x = numbers(4, n, 4.0f), cotangent = numbers(5, n);
    std::vector<float> scores(n), weights(n);
    kernels.scale(n, x.data(), by, scores.data());
    const float shift = -kernels.maximum(n, scores.data());
    const float inverse = 1.0f / kernels.expSum(n, scores.data(), shift, weights.data());
    kernels.scale(n, weights.data(), inverse, weights.data());
    Guarded p(scores), dp(cotangent);
    kernels.softmaxBackward(n, shift, inverse, kernels.dot(n, weights.data(), cotangent.data()), by, p.data(), dp.data());
    p.requireIntact("p");
    dp.requireIntact("dp");
    require(p.values() == weights, "other weights than forward's, ", n, " elements");
    const auto loss = [&](const std::vector<double>& at) {
      double sum = 0, weighted = 0;
      for (int j = 0; j < n; j++) sum += std::exp(by * at[j]), weighted += std::exp(by * at[j]) * cotangent[j];
      return weighted / sum;
    };
    for (int i = 0; i < n; i++) requireNear(dp[i], slope(loss, x, i), 1e-6, "element ", i, " of ", n);
  });
});

EachSet sums("add, scale, addRows and addProducts", [](const Kernels& kernels) {
  forLengths([&](int n) {
    const auto x = numbers(6, 3 * (n + 2)), y = numbers(7, 3 * (n + 2)), start = numbers(8, n), by = numbers(9, 3);
    Guarded added(start), scaled(n), rows(start), products(start);
    kernels.add(n, x.data(), added.data());
    kernels.scale(n, x.data(), by[0], scaled.data());
    kernels.addRows(3, n, x.data(), n + 2, rows.data());
    kernels.addProducts(3, n, by.data(), x.data(), y.data(), n + 2, products.data());
    for (const Guarded* out : {&added, &scaled, &rows, &products}) out->requireIntact("sums");
    for (int i = 0; i < n; i++) {
      requireSame(added[i], start[i] + x[i], "add");
      requireSame(scaled[i], x[i] * by[0], "scale");
      const float *column = &x[i], *other = &y[i];
      const int row = n + 2;
      requireSame(rows[i], ((start[i] + column[0]) + column[row]) + column[2 * row], "addRows");
      float sum = start[i];
      for (int m = 0; m < 3; m++) sum = link(kernels, column[m * row] * by[m], other[m * row], sum);
      requireSame(products[i], sum, "addProducts");
    }
  });
});

EachSet norms("rmsNorm, forward and backward", [](const Kernels& kernels) {
  const float eps = 1e-3f;
  forLengths([&](int n) {
    const auto x = numbers(11, n, 3.0f), w = numbers(12, n), dy = numbers(13, n), before = numbers(14, n);
    Guarded out(n), again(n), dx(before);
    const float r = kernels.rmsNorm(n, x.data(), w.data(), eps, out.data());
    kernels.scaleByVector(n, x.data(), r, w.data(), again.data());
    kernels.rmsNormBackward(n, x.data(), w.data(), r, dy.data(), dx.data());
    for (const Guarded* array : {&out, &again, &dx}) array->requireIntact("norms");
    double squares = 0;
    for (float value : x) squares += static_cast<double>(value) * value;
    const double expected = 1.0 / std::sqrt(squares / n + eps);
    requireNear(r, expected, (n / 16 + 8) * UNIT * expected, "1/rms of ", n);
    const auto loss = [&](const std::vector<double>& at) {
      double sum = 0, product = 0;
      for (int j = 0; j < n; j++) sum += at[j] * at[j], product += at[j] * w[j] * dy[j];
      return product / std::sqrt(sum / n + eps);
    };
    for (int i = 0; i < n; i++) {
      requireSame(out[i], x[i] * r * w[i], "element ", i, " of ", n);
      requireSame(again[i], out[i], "scaleByVector");
      const double gradient = slope(loss, x, i);
      requireNear(dx[i] - static_cast<double>(before[i]), gradient, 2e-6 + 4e-6 * std::abs(gradient) + 2e-6 * r, "gradient ", i, " of ", n);
    }
  });
});

double silu(double g) { return g / (1.0 + std::exp(-g)); }

EachSet gates("silu(gate) · up, forward and backward, in place too", [](const Kernels& kernels) {
  forLengths([&](int n) {
    const auto gate = numbers(15, n, 9.0f), up = numbers(16, n, 2.0f), dOut = numbers(17, n);
    Guarded out(n), dGate(n), dUp(n), gateInPlace(gate), upInPlace(up);
    kernels.swiglu(n, gate.data(), up.data(), out.data());
    kernels.swigluBackward(n, gate.data(), up.data(), dOut.data(), dGate.data(), dUp.data());
    kernels.swigluBackward(n, gateInPlace.data(), upInPlace.data(), dOut.data(), gateInPlace.data(), upInPlace.data());
    for (const Guarded* array : {&out, &dGate, &dUp, &gateInPlace, &upInPlace}) array->requireIntact("gates");
    require(gateInPlace.values() == dGate.values() && upInPlace.values() == dUp.values(), "in place, ", n, " elements");
    for (int i = 0; i < n; i++) {
      const double expected = silu(gate[i]) * up[i];
      requireNear(out[i], expected, 8 * UNIT * std::abs(expected), "element ", i, " of ", n);
      const auto f = [&](const std::vector<double>& at) { return silu(at[i]) * up[i] * dOut[i]; };
      const double gradient = slope(f, gate, i);
      requireNear(dGate[i], gradient, 1e-6, "gate ", i, " of ", n);
      requireNear(dUp[i], silu(gate[i]) * dOut[i], 8 * UNIT * std::abs(silu(gate[i])), "up ", i, " of ", n);
    }
  });
});

EachSet gateLimits("silu of very large and very small numbers", [](const Kernels& kernels) {
  const std::vector<float> gate{-1e30f, -200.0f, -88.5f, 0.0f, 200.0f, 1e30f}, ones(6, 1.0f);
  std::vector<float> out(6), dGate(6), dUp(6);
  kernels.swiglu(6, gate.data(), ones.data(), out.data());
  kernels.swigluBackward(6, gate.data(), ones.data(), ones.data(), dGate.data(), dUp.data());
  const std::vector<float> slopes{0, 0, 0, 0.5f, 1, 1};
  for (int i = 0; i < 6; i++) {
    require(std::abs(out[i] - std::max(gate[i], 0.0f)) < 1e-30f, "silu(", gate[i], ") = ", out[i]);
    require(std::abs(dGate[i] - slopes[i]) < 1e-30f, "silu'(", gate[i], ") = ", dGate[i]);
  }
});

EachSet rotations("rope turns by the angle and back", [](const Kernels& kernels) {
  for (int half : {1, 2, 5, 8, 15, 16, 17, 32, 40, 64}) {
    const auto start = numbers(18, 2 * half), angles = numbers(19, half, 3.0f);
    std::vector<float> cosines(half), sines(half);
    for (int i = 0; i < half; i++) cosines[i] = std::cos(angles[i]), sines[i] = std::sin(angles[i]);
    Guarded x(start);
    kernels.rope(half, cosines.data(), sines.data(), 1.0f, x.data());
    for (int i = 0; i < half; i++) {
      const double a = start[i], b = start[half + i], c = cosines[i], s = sines[i];
      requireNear(x[i], a * c - b * s, 4 * UNIT, "first of pair ", i, " of ", half);
      requireNear(x[half + i], b * c + a * s, 4 * UNIT, "second of pair ", i, " of ", half);
    }
    kernels.rope(half, cosines.data(), sines.data(), -1.0f, x.data());
    x.requireIntact("rope");
    for (int i = 0; i < 2 * half; i++) requireNear(x[i], start[i], 16 * UNIT, "turned back, element ", i, " of ", 2 * half);
  }
});

EachSet updates("adamw by hand, then against double precision over steps", [](const Kernels& kernels) {
  // From zero moments the first update is lr · sign(g), after decay: 2 · (1 − 0.1 · 0.5) − 0.1.
  AdamWRow row{.learningRate = 0.1f, .beta1 = 0.9f, .beta2 = 0.99f, .epsilon = 0, .weightDecay = 0.5f,
               .biasCorrection1 = 0.1f, .biasCorrection2Root = 0.1f, .gradientScale = 1};
  float g = 3, w = 2, m = 0, v = 0;
  kernels.adamw(1, row, &g, &w, &m, &v);
  requireNear(w, 1.8, 1e-6);
  requireNear(m, 0.3, 1e-7);
  requireNear(v, 0.09, 1e-7);

  const int n = 37;
  Guarded weights(numbers(20, n)), firsts(n), seconds(n);
  const auto initial = weights.values();
  std::vector<double> wd(initial.begin(), initial.end()), md(n), vd(n);
  for (int t = 1; t <= 5; t++) {
    row = {.learningRate = 1e-2f, .beta1 = 0.9f, .beta2 = 0.95f, .epsilon = 1e-8f, .weightDecay = 0.1f,
           .biasCorrection1 = static_cast<float>(1 - std::pow(0.9, t)),
           .biasCorrection2Root = static_cast<float>(std::sqrt(1 - std::pow(0.95, t))), .gradientScale = 0.25f};
    const auto gradient = numbers(30 + t, n);
    kernels.adamw(n, row, gradient.data(), weights.data(), firsts.data(), seconds.data());
    for (int i = 0; i < n; i++) {
      const double scaled = 0.25 * gradient[i];
      md[i] = 0.9 * md[i] + 0.1 * scaled;
      vd[i] = 0.95 * vd[i] + 0.05 * scaled * scaled;
      wd[i] = wd[i] * (1 - 1e-2 * 0.1) - 1e-2 * (md[i] / (1 - std::pow(0.9, t))) / (std::sqrt(vd[i] / (1 - std::pow(0.95, t))) + 1e-8);
      requireNear(weights[i], wd[i], 2e-6, "step ", t, ", element ", i);
    }
  }
  for (const Guarded* array : {&weights, &firsts, &seconds}) array->requireIntact("adamw");
});
}  // namespace
}  // namespace guiderail::tests
