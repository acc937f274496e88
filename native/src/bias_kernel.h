// Adding a convolution's bias with a kernel of our own, when cuDNN does not add it within its call.
#pragma once

#include "node.h"

namespace topc {

class bias_kernel {
 public:
  // Compiles the kernel for the result of `spec` at `y` and the bias at `bias`.
  // Fails: library_missing, nvrtc_error, cuda_error.
  bias_kernel(const conv_spec &spec, const node_tools &tools, abi::device_ptr y,
              abi::device_ptr bias);

  // Enqueues it: y + bias of the channel, and no less than 0 with `relu`. NaN stays.
  void launch(const stream_slot &slot) const;

 private:
  const driver_api &driver_;
  owned<abi::module> module_;
  abi::function function_ = nullptr;
  unsigned blocks_ = 0;
  abi::device_ptr y_ = 0;
  abi::device_ptr bias_ = 0;
};

}  // namespace topc
