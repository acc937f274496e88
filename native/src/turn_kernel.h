// Copies a tensor between rows ([N, C, places]) and the order in which channels are last ([N, places, C]), or to the
// channels of a larger one.
#pragma once

#include <vector>

#include "own_kernel.h"

namespace topc {

enum class turning { to_rows, to_channels_last, none };

class turn_kernel {
 public:
  // `dims` are [N, C, spatial dims]; `channels` are those of the tensor that is written into, which has
  // channels last unless it has the same number. Fails: as own_kernel does.
  turn_kernel(const std::vector<int> &dims, int channels, data_type type, turning way,
              const node_tools &tools);

  // Enqueues the copy.
  void launch(const stream_slot &slot, abi::device_ptr from, abi::device_ptr to) const;

 private:
  own_kernel kernel_;
};

}  // namespace topc
