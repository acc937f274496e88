#include "own_kernel.h"

#include "compile.h"

namespace topc {
namespace {

constexpr unsigned threads = 256;

}  // namespace

own_kernel::own_kernel(const std::string &source, const char *name, std::uint64_t count,
                       const node_tools &tools)
    : driver_(tools.driver), blocks_(static_cast<unsigned>((count + threads - 1) / threads)) {
  compile_request asked;
  asked.source = source;
  const nvrtc_api &nvrtc = tools.libraries.nvrtc();
  const std::string &path = tools.libraries.nvrtc_state().search.library.path;
  const compiled_image made = compile_source(nvrtc, path, asked, tools.architecture);
  abi::module module = nullptr;
  TOPC_CUDA(driver_, cuModuleLoadData, &module, made.image.data());
  module_ = {module, driver_.cuModuleUnload};
  TOPC_CUDA(driver_, cuModuleGetFunction, &function_, module, name);
}

void own_kernel::launch(const stream_slot &slot,
                        const std::vector<abi::device_ptr> &addresses) const {
  std::vector<abi::device_ptr> values = addresses;
  std::vector<void *> args;
  for (abi::device_ptr &value : values) {
    args.push_back(&value);
  }
  TOPC_CUDA(driver_, cuLaunchKernel, function_, blocks_, 1, 1, threads, 1, 1, 0,
            slot.stream.get(), args.data(), nullptr);
}

std::string own_kernel::element_number(std::uint64_t count) {
  return "  const unsigned at = blockIdx.x * " + std::to_string(threads) + "u + threadIdx.x;\n" +
         "  if (at >= " + std::to_string(count) + "u) return;\n";
}

}  // namespace topc
