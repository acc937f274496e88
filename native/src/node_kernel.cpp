// Nodes that launch a kernel of a compiled module.
#include <cstring>

#include "node.h"

namespace topc {
namespace {

class kernel_node final : public node {
 public:
  kernel_node(const kernel_spec &spec, const node_tools &tools, const std::string &pointer)
      : driver_(tools.driver), grid_(spec.grid), block_(spec.block), shared_(spec.shared) {
    if (static_cast<std::size_t>(spec.module) >= tools.modules.size()) {
      throw bad_request(pointer + "/module", "names module " + std::to_string(spec.module) +
                                                 ", there are " +
                                                 std::to_string(tools.modules.size()));
    }
    const abi::module module = tools.modules[static_cast<std::size_t>(spec.module)].get();
    const abi::status status =
        driver_.cuModuleGetFunction(&function_, module, spec.function.c_str());
    if (status == abi::cuda_not_found) {
      throw bad_request(pointer + "/function",
                        "names " + spec.function + ", which is not in the module");
    }
    driver_.check(status, "cuModuleGetFunction");
    if (shared_ > 0) {
      // More than 48 KiB must be requested; less may be.
      TOPC_CUDA(driver_, cuFuncSetAttribute, function_, abi::function_max_dynamic_shared,
                static_cast<int>(shared_));
    }
    for (std::size_t i = 0; i < spec.args.size(); i++) {
      values_.push_back(
          value_of(spec.args[i], tools.memory, pointer + "/args/" + std::to_string(i)));
    }
    for (std::uint64_t &value : values_) {
      args_.push_back(&value);
    }
  }

  void launch(const stream_slot &slot) const override {
    TOPC_CUDA(driver_, cuLaunchKernel, function_, grid_[0], grid_[1], grid_[2], block_[0],
              block_[1], block_[2], shared_, slot.stream.get(),
              const_cast<void **>(args_.data()), nullptr);
  }

 private:
  // The argument's bytes, first ones first: the driver reads as many as the parameter has.
  static std::uint64_t value_of(const kernel_argument &argument, const device_memory &memory,
                                const std::string &pointer) {
    std::uint64_t value = 0;
    switch (argument.what) {
      case kernel_argument::kind::pointer:
        return memory.address(static_cast<std::uint64_t>(argument.integer), 0, pointer + "/ptr");
      case kernel_argument::kind::i32: {
        const auto number = static_cast<std::int32_t>(argument.integer);
        std::memcpy(&value, &number, sizeof number);
        return value;
      }
      case kernel_argument::kind::i64:
        std::memcpy(&value, &argument.integer, sizeof argument.integer);
        return value;
      case kernel_argument::kind::f32: {
        const auto number = static_cast<float>(argument.real);
        std::memcpy(&value, &number, sizeof number);
        return value;
      }
      case kernel_argument::kind::f64:
        std::memcpy(&value, &argument.real, sizeof argument.real);
        return value;
    }
    return value;
  }

  const driver_api &driver_;
  abi::function function_ = nullptr;
  std::array<unsigned, 3> grid_;
  std::array<unsigned, 3> block_;
  unsigned shared_;
  std::vector<std::uint64_t> values_;
  std::vector<void *> args_;
};

}  // namespace

std::unique_ptr<node> make_node(const kernel_spec &spec, const node_tools &tools,
                                const std::string &pointer) {
  return std::make_unique<kernel_node>(spec, tools, pointer);
}

}  // namespace topc
