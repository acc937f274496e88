#include "finish_kernel.h"

#include <array>

#include "compile.h"

namespace topc {
namespace {

constexpr unsigned threads = 256;

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
    sum += " + widen(residual[place])";
  }
  return std::string(storage_of(spec.dtype)) +
         "extern \"C\" __global__ void finish(stored* y" +
         (spec.bias ? ", const stored* bias" : "") +
         (spec.residual ? ", const stored* residual" : "") + ") {\n"
         "  const unsigned at = blockIdx.x * " + std::to_string(threads) + "u + threadIdx.x;\n"
         "  if (at >= " + std::to_string(spec.count) + "u) return;\n"
         "  const unsigned place = " + spec.place + ";\n"
         "  const float sum = " + sum + ";\n"
         "  y[place] = narrow(" + activated(spec.activation) + ");\n"
         "}\n";
}

}  // namespace

finish_kernel::finish_kernel(const finish_spec &spec, const node_tools &tools)
    : driver_(tools.driver), operands_{spec.y} {
  for (const auto &operand : {spec.bias, spec.residual}) {
    if (operand) {
      operands_.push_back(*operand);
    }
  }
  compile_request asked;
  asked.source = source_of(spec);
  const nvrtc_api &nvrtc = tools.libraries.nvrtc();
  const std::string &path = tools.libraries.nvrtc_state().search.library.path;
  const compiled_image made = compile_source(nvrtc, path, asked, tools.architecture);
  abi::module module = nullptr;
  TOPC_CUDA(driver_, cuModuleLoadData, &module, made.image.data());
  module_ = {module, driver_.cuModuleUnload};
  TOPC_CUDA(driver_, cuModuleGetFunction, &function_, module, "finish");
  blocks_ = static_cast<unsigned>((spec.count + threads - 1) / threads);
}

void finish_kernel::launch(const stream_slot &slot) const {
  std::array<abi::device_ptr, 3> values{};
  std::array<void *, 3> args{};
  for (std::size_t i = 0; i < operands_.size(); i++) {
    values.at(i) = operands_[i];
    args.at(i) = &values.at(i);
  }
  TOPC_CUDA(driver_, cuLaunchKernel, function_, blocks_, 1, 1, threads, 1, 1, 0,
            slot.stream.get(), args.data(), nullptr);
}

}  // namespace topc
