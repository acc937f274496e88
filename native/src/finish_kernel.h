// Bias, addition and activation by a kernel of our own, when a library does not apply them within its call.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "own_kernel.h"

namespace topc {

// What is done to `count` results of a call, in place. Expressions are of `at`, the number of the result.
struct finish_spec {
  data_type dtype = data_type::f32;
  std::uint64_t count = 0;
  // Where the result is, and which element of the bias is its own.
  std::string place;
  std::string channel;
  // Where what is added to it is; empty: at the same place.
  std::string residual_place;
  abi::device_ptr y = 0;
  std::optional<abi::device_ptr> bias;
  // Elements at the places of the results.
  std::optional<abi::device_ptr> residual;
  activation_kind activation = activation_kind::none;
};

class finish_kernel {
 public:
  // Compiles the kernel. Fails: library_missing, nvrtc_error, cuda_error.
  finish_kernel(const finish_spec &spec, const node_tools &tools);

  // Enqueues it: activation(y + bias + residual), computed in f32. NaN stays.
  void launch(const stream_slot &slot) const;

 private:
  own_kernel kernel_;
  // The results, then bias and addition as far as there are any.
  std::vector<abi::device_ptr> operands_;
};

}  // namespace topc
