// Copies a tensor between rows ([N, C, places]) and the order in which channels are last ([N, places, C]).
#pragma once

#include <vector>

#include "own_kernel.h"

namespace topc {

enum class turning { to_rows, to_channels_last };

class turn_kernel {
 public:
  // `dims` are [N, C, spatial dims]. Fails: as own_kernel does.
  turn_kernel(const std::vector<int> &dims, data_type type, turning way, const node_tools &tools);

  // Enqueues the copy.
  void launch(const stream_slot &slot, abi::device_ptr from, abi::device_ptr to) const;

 private:
  own_kernel kernel_;
};

}  // namespace topc
