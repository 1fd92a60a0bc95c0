// Runs the core's tests and writes a line for each, `ok` or `failed`, its name and why, separated by tabs; with
// arguments `uniforms SEED POSITION…` it writes those numbers instead, for TypeScript to compare with its own.
#include <cstdio>

#include "harness.hpp"

using namespace guiderail;

namespace {
int writeUniforms(int count, char** arguments) {
  const uint64_t seed = std::strtoull(arguments[0], nullptr, 10);
  for (int i = 1; i < count; i++) std::printf("%.17g\n", uniformAt(seed, std::strtoull(arguments[i], nullptr, 10)));
  return 0;
}
}  // namespace

int main(int count, char** arguments) {
  if (count > 2 && std::string(arguments[1]) == "uniforms") return writeUniforms(count - 2, arguments + 2);
  int failures = 0;
  for (const tests::Test& test : tests::allTests()) {
    std::string why;
    try {
      test.run();
    } catch (const std::exception& error) {
      why = error.what();
      failures++;
    }
    std::printf("%s\t%s\t%s\n", why.empty() ? "ok" : "failed", test.name.c_str(), why.c_str());
    std::fflush(stdout);
  }
  return failures == 0 ? 0 : 1;
}
