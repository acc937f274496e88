// Nodes that move or set bytes.
#include "node.h"

namespace topc {
namespace {

class copy_node final : public node {
 public:
  copy_node(const copy_spec &spec, const node_tools &tools, const std::string &pointer)
      : driver_(tools.driver), bytes_(spec.bytes), direction_(spec.direction) {
    using kind = copy_spec::direction_kind;
    const std::string src = pointer + "/src";
    const std::string dst = pointer + "/dst";
    if (direction_ == kind::from_host) {
      host_ = tools.memory.host_address(spec.src, bytes_, src);
    } else {
      src_ = tools.memory.address(spec.src, bytes_, src);
    }
    if (direction_ == kind::to_host) {
      host_ = tools.memory.host_address(spec.dst, bytes_, dst);
    } else {
      dst_ = tools.memory.address(spec.dst, bytes_, dst);
    }
  }

  void launch(const stream_slot &slot) const override {
    switch (direction_) {
      case copy_spec::direction_kind::device:
        TOPC_CUDA(driver_, cuMemcpyDtoDAsync, dst_, src_, bytes_, slot.stream.get());
        return;
      case copy_spec::direction_kind::from_host:
        TOPC_CUDA(driver_, cuMemcpyHtoDAsync, dst_, host_, bytes_, slot.stream.get());
        return;
      case copy_spec::direction_kind::to_host:
        TOPC_CUDA(driver_, cuMemcpyDtoHAsync, host_, src_, bytes_, slot.stream.get());
        return;
    }
  }

 private:
  const driver_api &driver_;
  std::uint64_t bytes_;
  copy_spec::direction_kind direction_;
  abi::device_ptr src_ = 0;
  abi::device_ptr dst_ = 0;
  unsigned char *host_ = nullptr;
};

class memset_node final : public node {
 public:
  memset_node(const memset_spec &spec, const node_tools &tools, const std::string &pointer)
      : driver_(tools.driver),
        address_(tools.memory.address(spec.offset, spec.bytes, pointer + "/bytes")),
        bytes_(spec.bytes),
        value_(spec.value) {}

  void launch(const stream_slot &slot) const override {
    TOPC_CUDA(driver_, cuMemsetD8Async, address_, value_, bytes_, slot.stream.get());
  }

 private:
  const driver_api &driver_;
  abi::device_ptr address_;
  std::uint64_t bytes_;
  unsigned char value_;
};

}  // namespace

std::unique_ptr<node> make_node(const copy_spec &spec, const node_tools &tools,
                                const std::string &pointer) {
  return std::make_unique<copy_node>(spec, tools, pointer);
}

std::unique_ptr<node> make_node(const memset_spec &spec, const node_tools &tools,
                                const std::string &pointer) {
  return std::make_unique<memset_node>(spec, tools, pointer);
}

}  // namespace topc
