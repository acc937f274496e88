// cuDNN's descriptors of a convolution, made from a checked spec.
#pragma once

#include "math_libraries.h"
#include "node_spec.h"
#include "owned.h"

namespace topc {

// The number of elements of a dense tensor. Fails: unsupported above 2^31 - 1, cuDNN's limit.
[[nodiscard]] std::uint64_t element_count(const tensor_spec &tensor, const std::string &pointer);

// Refuses a spec whose parts do not fit together. Fails: bad_request; unsupported.
void check_convolution(const conv_spec &spec, const std::string &pointer);

// cuDNN's number of an element type.
[[nodiscard]] int cudnn_type(data_type type);

// The distances of elements in memory: in rows, or with the channels of a place next to each other among `channels` of
// the tensor that it is part of.
[[nodiscard]] std::vector<int> strides_of(const std::vector<int> &dims, bool channels_last,
                                          int channels);

// What a result takes of memory from its start: one place less the channels behind its own.
[[nodiscard]] tensor_spec extent_of(const result_spec &y);

class conv_descriptors {
 public:
  // Fails: bad_request when the parts do not fit together; cudnn_error.
  conv_descriptors(const cudnn_api &cudnn, const conv_spec &spec, const std::string &pointer);

  [[nodiscard]] abi::cudnn_tensor x() const { return x_.get(); }
  [[nodiscard]] abi::cudnn_filter w() const { return w_.get(); }
  [[nodiscard]] abi::cudnn_tensor y() const { return y_.get(); }
  // Of what is added: a tensor of y's dims of its own.
  [[nodiscard]] abi::cudnn_tensor added() const { return added_.get(); }
  [[nodiscard]] abi::cudnn_tensor bias() const { return bias_.get(); }
  [[nodiscard]] abi::cudnn_convolution convolution() const { return convolution_.get(); }
  [[nodiscard]] abi::cudnn_activation activation() const { return activation_.get(); }

  // Sets the math type that an offered algorithm requires, as far as the node allows: `ieee` never
  // leaves full precision.
  void set_math(const conv_spec &spec, int offered) const;

 private:
  // `channels`: of the tensor that it is part of.
  [[nodiscard]] owned<abi::cudnn_tensor> tensor(const std::vector<int> &dims, int type,
                                                bool channels_last, int channels) const;
  void make_convolution(const conv_spec &spec, int type);
  void make_bias(const conv_spec &spec, int type);

  const cudnn_api &cudnn_;
  owned<abi::cudnn_tensor> x_;
  owned<abi::cudnn_tensor> y_;
  owned<abi::cudnn_tensor> added_;
  owned<abi::cudnn_tensor> bias_;
  owned<abi::cudnn_filter> w_;
  owned<abi::cudnn_convolution> convolution_;
  owned<abi::cudnn_activation> activation_;
};

}  // namespace topc
