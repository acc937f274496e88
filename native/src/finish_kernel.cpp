#include "finish_kernel.h"

namespace topc {
namespace {

// The storage type of elements, and the functions that widen them to f32 and narrow sums to them
// (to the nearest, ties to even), without any header.
constexpr const char *of_f32 = R"(
typedef float stored;
__device__ __forceinline__ float widen(stored bits) { return bits; }
__device__ __forceinline__ stored narrow(float value) { return value; }
)";
constexpr const char *of_f16 = R"(
typedef unsigned short stored;
__device__ __forceinline__ float widen(stored bits) {
  float value;
  asm("{ cvt.f32.f16 %0, %1; }" : "=f"(value) : "h"(bits));
  return value;
}
__device__ __forceinline__ stored narrow(float value) {
  stored bits;
  asm("{ cvt.rn.f16.f32 %0, %1; }" : "=h"(bits) : "f"(value));
  return bits;
}
)";
constexpr const char *of_bf16 = R"(
typedef unsigned short stored;
__device__ __forceinline__ float widen(stored bits) { return __int_as_float((int)bits << 16); }
__device__ __forceinline__ stored narrow(float value) {
  const unsigned bits = (unsigned)__float_as_int(value);
  return value != value ? 0x7fff : (stored)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}
)";

const char *storage_of(data_type type) {
  switch (type) {
    case data_type::f32:
      return of_f32;
    case data_type::f16:
      return of_f16;
    case data_type::bf16:
      return of_bf16;
  }
  return of_f32;
}

const char *activated(activation_kind kind) {
  switch (kind) {
    case activation_kind::none:
      return "sum";
    case activation_kind::relu:
      return "sum < 0.0f ? 0.0f : sum";
    case activation_kind::gelu:
      return "0.5f * sum * (1.0f + tanhf(0.7978845608f * (sum + 0.044715f * sum * sum * sum)))";
  }
  return "sum";
}

// All sizes are written into the code, as in the kernels that are sent to the helper.
std::string source_of(const finish_spec &spec) {
  std::string sum = "widen(y[place])";
  if (spec.bias) {
    sum += " + widen(bias[" + spec.channel + "])";
  }
  if (spec.residual) {
    sum += " + widen(residual[" + (spec.residual_place.empty() ? "place" : spec.residual_place) + "])";
  }
  return std::string(storage_of(spec.dtype)) +
         "extern \"C\" __global__ void finish(stored* y" +
         (spec.bias ? ", const stored* bias" : "") +
         (spec.residual ? ", const stored* residual" : "") + ") {\n" +
         own_kernel::element_number(spec.count) +
         "  const unsigned place = " + spec.place + ";\n"
         "  const float sum = " + sum + ";\n"
         "  y[place] = narrow(" + activated(spec.activation) + ");\n"
         "}\n";
}

std::vector<abi::device_ptr> operands_of(const finish_spec &spec) {
  std::vector<abi::device_ptr> operands{spec.y};
  for (const auto &operand : {spec.bias, spec.residual}) {
    if (operand) {
      operands.push_back(*operand);
    }
  }
  return operands;
}

}  // namespace

finish_kernel::finish_kernel(const finish_spec &spec, const node_tools &tools)
    : kernel_(source_of(spec), "finish", spec.count, tools), operands_(operands_of(spec)) {}

void finish_kernel::launch(const stream_slot &slot) const { kernel_.launch(slot, operands_); }

}  // namespace topc
