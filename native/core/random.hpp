// The counter-based generator of src/random.ts, bit for bit: Philox4x32-10 (Salmon et al., SC 2011).
#pragma once
#include <array>
#include <cstdint>

namespace guiderail {

inline std::array<uint32_t, 4> philox4x32(std::array<uint32_t, 4> c, std::array<uint32_t, 2> key) {
  for (int round = 0; round < 10; round++) {
    const uint64_t product0 = 0xd2511f53ull * c[0];
    const uint64_t product1 = 0xcd9e8d57ull * c[2];
    c = {static_cast<uint32_t>(product1 >> 32) ^ c[1] ^ key[0], static_cast<uint32_t>(product1),
         static_cast<uint32_t>(product0 >> 32) ^ c[3] ^ key[1], static_cast<uint32_t>(product0)};
    key = {key[0] + 0x9e3779b9u, key[1] + 0xbb67ae85u};
  }
  return c;
}

/** The position-th uniform of a seed, in [0, 1) with 53 bits. */
inline double uniformAt(uint64_t seed, uint64_t position) {
  const auto words = philox4x32({static_cast<uint32_t>(position), static_cast<uint32_t>(position >> 32), 0, 0},
                                {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)});
  return ((words[0] >> 5) * 67108864.0 + (words[1] >> 6)) / 9007199254740992.0;
}

}  // namespace guiderail
