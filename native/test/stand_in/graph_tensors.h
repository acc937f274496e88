// Tensors of graphs: elements of f32 and halves at places that strides say.
#pragma once

#include <cmath>
#include <cstring>

#include "library_objects.h"

namespace stand_in {

using list = std::vector<std::int64_t>;

// A tensor as its descriptor says, with its memory once that is bound.
struct tensor {
  list dims;
  list strides;
  int type = topc::abi::cudnn_f32;
  std::int64_t id = 0;
  bool is_virtual = false;
  bool by_value = false;
  unsigned char *memory = nullptr;
  float number = 0;
};

// Elements of halves: their value, and the nearest half of a value, ties to even.
inline float of_half(std::uint16_t bits) {
  const int exponent = bits >> 10 & 31;
  const float mantissa = static_cast<float>(bits & 1023);
  const float sign = (bits & 0x8000) == 0 ? 1.0F : -1.0F;
  if (exponent == 31) {
    return mantissa == 0 ? sign * HUGE_VALF : NAN;
  }
  return sign * (exponent == 0 ? std::ldexp(mantissa, -24)
                               : std::ldexp(1024 + mantissa, exponent - 25));
}

inline std::uint16_t half_of(float number) {
  const std::uint16_t sign = std::signbit(number) ? 0x8000 : 0;
  const float size = std::fabs(number);
  if (std::isnan(number)) {
    return 0x7fff;
  }
  if (size >= 65520.0F || size == 0) {
    return sign | (size == 0 ? 0 : 0x7c00);
  }
  int exponent = 0;
  std::frexp(size, &exponent);
  const int shift = std::max(exponent - 11, -24);
  const auto steps = static_cast<std::uint16_t>(std::nearbyint(std::ldexp(size, -shift)));
  return sign | static_cast<std::uint16_t>(steps + (shift > -24 ? (shift + 24) << 10 : 0));
}

inline std::ptrdiff_t place_of(const tensor &of, const list &at) {
  std::ptrdiff_t place = 0;
  for (std::size_t i = 0; i < at.size(); i++) {
    place += of.dims[i] == 1 ? 0 : at[i] * of.strides[i];
  }
  return place;
}

inline unsigned char *bytes_at(const tensor &of, const list &at) {
  const std::size_t size = of.type == topc::abi::cudnn_f16 ? 2 : 4;
  const auto address = reinterpret_cast<std::uint64_t>(of.memory);
  return device_bytes(address + size * static_cast<std::uint64_t>(place_of(of, at)), size);
}

inline float load(const tensor &of, const list &at) {
  if (of.by_value) {
    return of.number;
  }
  const unsigned char *bytes = bytes_at(of, at);
  if (bytes == nullptr) {
    return 0;
  }
  if (of.type == topc::abi::cudnn_f16) {
    std::uint16_t half = 0;
    std::memcpy(&half, bytes, sizeof half);
    return of_half(half);
  }
  float number = 0;
  std::memcpy(&number, bytes, sizeof number);
  return number;
}

inline void store(const tensor &of, const list &at, float number) {
  unsigned char *bytes = bytes_at(of, at);
  if (bytes != nullptr && of.type == topc::abi::cudnn_f16) {
    const std::uint16_t half = half_of(number);
    std::memcpy(bytes, &half, sizeof half);
  } else if (bytes != nullptr) {
    std::memcpy(bytes, &number, sizeof number);
  }
}

}  // namespace stand_in
