#include "bias_kernel.h"

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

std::uint64_t product(const std::vector<int> &dims, std::size_t first) {
  std::uint64_t count = 1;
  for (std::size_t i = first; i < dims.size(); i++) {
    count *= static_cast<std::uint64_t>(dims[i]);
  }
  return count;
}

// All sizes are written into the code, as in the kernels that are sent to the helper.
std::string source_of(const conv_spec &spec) {
  const std::string count = std::to_string(product(spec.y.dims, 0));
  const std::string plane = std::to_string(product(spec.y.dims, 2));
  const std::string channels = std::to_string(spec.y.dims[1]);
  return std::string(storage_of(spec.dtype)) +
         "extern \"C\" __global__ void add_bias(stored* y, const stored* bias) {\n"
         "  const unsigned at = blockIdx.x * " + std::to_string(threads) + "u + threadIdx.x;\n"
         "  if (at >= " + count + "u) return;\n"
         "  const float value = widen(y[at]) + widen(bias[at / " + plane + "u % " + channels +
         "u]);\n"
         "  y[at] = narrow(" + (spec.relu ? "value < 0.0f ? 0.0f : value" : "value") + ");\n"
         "}\n";
}

}  // namespace

bias_kernel::bias_kernel(const conv_spec &spec, const node_tools &tools, abi::device_ptr y,
                         abi::device_ptr bias)
    : driver_(tools.driver), y_(y), bias_(bias) {
  compile_request asked;
  asked.source = source_of(spec);
  const nvrtc_api &nvrtc = tools.libraries.nvrtc();
  const std::string &path = tools.libraries.nvrtc_state().search.library.path;
  const compiled_image made = compile_source(nvrtc, path, asked, tools.architecture);
  abi::module module = nullptr;
  TOPC_CUDA(driver_, cuModuleLoadData, &module, made.image.data());
  module_ = {module, driver_.cuModuleUnload};
  TOPC_CUDA(driver_, cuModuleGetFunction, &function_, module, "add_bias");
  blocks_ = static_cast<unsigned>((product(spec.y.dims, 0) + threads - 1) / threads);
}

void bias_kernel::launch(const stream_slot &slot) const {
  abi::device_ptr y = y_;
  abi::device_ptr bias = bias_;
  std::array<void *, 2> args{&y, &bias};
  TOPC_CUDA(driver_, cuLaunchKernel, function_, blocks_, 1, 1, threads, 1, 1, 0,
            slot.stream.get(), args.data(), nullptr);
}

}  // namespace topc
