// A small kernel of the helper's own, one thread for each of `count` elements; its arguments are addresses.
#pragma once

#include <string>
#include <vector>

#include "node.h"

namespace topc {

class own_kernel {
 public:
  // Compiles `source`, which declares `name`. Fails: library_missing, nvrtc_error, cuda_error.
  own_kernel(const std::string &source, const char *name, std::uint64_t count,
             const node_tools &tools);

  // Enqueues it on the slot's stream.
  void launch(const stream_slot &slot, const std::vector<abi::device_ptr> &addresses) const;

  // The first line of its body: defines `at`, the number of the element, and ends threads beyond the last.
  [[nodiscard]] static std::string element_number(std::uint64_t count);

 private:
  const driver_api &driver_;
  owned<abi::module> module_;
  abi::function function_ = nullptr;
  unsigned blocks_ = 0;
};

}  // namespace topc
