#include "conv_descriptors.h"

#include <limits>

namespace topc {
namespace {

void require_ranks(const conv_spec &spec, const std::string &pointer) {
  const std::size_t rank = spec.x.dims.size();
  if (rank != 4 && rank != 5) {
    throw bad_request(pointer + "/x/dims", "must have 4 or 5 items");
  }
  const auto require = [&](const char *field, std::size_t has, std::size_t wants) {
    if (has != wants) {
      throw bad_request(pointer + field, "must have " + std::to_string(wants) + " items, has " +
                                             std::to_string(has));
    }
  };
  require("/w/dims", spec.w.dims.size(), rank);
  require("/y/dims", spec.y.dims.size(), rank);
  require("/pads", spec.pads.size(), rank - 2);
  require("/strides", spec.strides.size(), rank - 2);
  require("/dilations", spec.dilations.size(), rank - 2);
}

// The output size of the convolution along a spatial dim.
std::int64_t output_extent(const conv_spec &spec, std::size_t spatial) {
  const std::int64_t window =
      std::int64_t{spec.dilations[spatial]} * (spec.w.dims[spatial + 2] - 1) + 1;
  const std::int64_t room =
      spec.x.dims[spatial + 2] + std::int64_t{2} * spec.pads[spatial] - window;
  return room < 0 ? 0 : room / spec.strides[spatial] + 1;
}

void require_shapes(const conv_spec &spec, const std::string &pointer) {
  const auto require = [&](bool holds, const std::string &field, const std::string &problem) {
    if (!holds) {
      throw bad_request(pointer + field, problem);
    }
  };
  require(spec.x.dims[1] == std::int64_t{spec.w.dims[1]} * spec.groups, "/w/dims/1",
          "times the groups is not the channels of x");
  require(spec.w.dims[0] % spec.groups == 0, "/groups", "do not divide the output channels");
  require(spec.y.dims[0] == spec.x.dims[0], "/y/dims/0", "is not that of x");
  require(spec.y.dims[1] == spec.w.dims[0], "/y/dims/1", "is not the number of windows of w");
  for (std::size_t i = 0; i + 2 < spec.x.dims.size(); i++) {
    const std::int64_t wanted = output_extent(spec, i);
    require(spec.y.dims[i + 2] == wanted, "/y/dims/" + std::to_string(i + 2),
            "must be " + std::to_string(wanted));
  }
  require(!spec.relu || spec.bias.has_value(), "/relu", "needs a bias");
  require(spec.y.channels == 0 || (spec.channels_last && spec.y.channels >= spec.y.dims[1]),
          "/y/channels", "must be those of a tensor that y is part of, with channels last");
  require(!spec.channels_last || spec.x.dims.size() == 4, "/channelsLast", "needs 4 dims");
  require(!spec.residual || spec.bias.has_value(), "/residual", "needs a bias");
}

}  // namespace

int cudnn_type(data_type type) {
  switch (type) {
    case data_type::f32:
      return abi::cudnn_f32;
    case data_type::f16:
      return abi::cudnn_f16;
    case data_type::bf16:
      return abi::cudnn_bf16;
  }
  return abi::cudnn_f32;
}

std::uint64_t element_count(const tensor_spec &tensor, const std::string &pointer) {
  std::uint64_t count = 1;
  for (const int dim : tensor.dims) {
    count *= static_cast<std::uint64_t>(dim);
    if (count > static_cast<std::uint64_t>(std::numeric_limits<int>::max())) {
      throw failure(failure_code::unsupported, pointer + " has more than 2^31 - 1 elements")
          .with("pointer", pointer);
    }
  }
  return count;
}

void check_convolution(const conv_spec &spec, const std::string &pointer) {
  require_ranks(spec, pointer);
  require_shapes(spec, pointer);
  // Checked before the strides, which are products of the dims.
  (void)element_count(spec.x, pointer + "/x");
  (void)element_count(spec.y, pointer + "/y");
  if (spec.y.channels > 0) {
    std::vector<int> whole = spec.y.dims;
    whole[1] = spec.y.channels;
    (void)element_count({0, whole}, pointer + "/y");
  }
}

std::vector<int> strides_of(const std::vector<int> &dims, bool channels_last, int channels) {
  std::vector<int> strides(dims.size(), 1);
  for (std::size_t i = dims.size() - 1; i > 0; i--) {
    strides[i - 1] = strides[i] * dims[i];
  }
  if (channels_last) {
    for (std::size_t i = 2; i < dims.size(); i++) {
      strides[i] *= channels;
    }
    strides[0] = strides[0] / dims[1] * channels;
    strides[1] = 1;
  }
  return strides;
}

tensor_spec extent_of(const result_spec &y) {
  if (y.channels <= y.dims[1]) {
    return y;
  }
  std::int64_t places = y.dims[0];
  for (std::size_t i = 2; i < y.dims.size(); i++) {
    places *= y.dims[i];
  }
  const std::int64_t elements = (places - 1) * y.channels + y.dims[1];
  return {y.offset, {static_cast<int>(elements)}};
}

conv_descriptors::conv_descriptors(const cudnn_api &cudnn, const conv_spec &spec,
                                   const std::string &pointer)
    : cudnn_(cudnn) {
  check_convolution(spec, pointer);
  const int type = cudnn_type(spec.dtype);
  const int channels = spec.y.dims[1];
  x_ = tensor(spec.x.dims, type, spec.channels_last, spec.x.dims[1]);
  y_ = tensor(spec.y.dims, type, spec.channels_last, spec.y.channels > 0 ? spec.y.channels : channels);
  added_ = tensor(spec.y.dims, type, spec.channels_last, channels);
  abi::cudnn_filter filter = nullptr;
  TOPC_CALL(cudnn_, cudnnCreateFilterDescriptor, &filter);
  w_ = {filter, cudnn_.cudnnDestroyFilterDescriptor};
  TOPC_CALL(cudnn_, cudnnSetFilterNdDescriptor, filter, type,
            spec.channels_last ? abi::cudnn_nhwc : abi::cudnn_nchw,
            static_cast<int>(spec.w.dims.size()), spec.w.dims.data());
  make_convolution(spec, type);
  if (spec.bias) {
    make_bias(spec, type);
  }
}

owned<abi::cudnn_tensor> conv_descriptors::tensor(const std::vector<int> &dims, int type,
                                                  bool channels_last, int channels) const {
  abi::cudnn_tensor made = nullptr;
  TOPC_CALL(cudnn_, cudnnCreateTensorDescriptor, &made);
  owned<abi::cudnn_tensor> tensor(made, cudnn_.cudnnDestroyTensorDescriptor);
  const std::vector<int> strides = strides_of(dims, channels_last, channels);
  TOPC_CALL(cudnn_, cudnnSetTensorNdDescriptor, made, type, static_cast<int>(dims.size()),
            dims.data(), strides.data());
  return tensor;
}

void conv_descriptors::make_convolution(const conv_spec &spec, int type) {
  abi::cudnn_convolution made = nullptr;
  TOPC_CALL(cudnn_, cudnnCreateConvolutionDescriptor, &made);
  convolution_ = {made, cudnn_.cudnnDestroyConvolutionDescriptor};
  // Sums are kept in f32 whatever the tensors hold.
  TOPC_CALL(cudnn_, cudnnSetConvolutionNdDescriptor, made, static_cast<int>(spec.pads.size()),
            spec.pads.data(), spec.strides.data(), spec.dilations.data(),
            abi::cudnn_cross_correlation, abi::cudnn_f32);
  TOPC_CALL(cudnn_, cudnnSetConvolutionGroupCount, made, spec.groups);
  set_math(spec, type == abi::cudnn_f32 ? abi::cudnn_default_math : abi::cudnn_tensor_op_math);
}

void conv_descriptors::make_bias(const conv_spec &spec, int type) {
  std::vector<int> dims(spec.x.dims.size(), 1);
  dims[1] = spec.w.dims[0];
  bias_ = tensor(dims, type, spec.channels_last, dims[1]);
  abi::cudnn_activation made = nullptr;
  TOPC_CALL(cudnn_, cudnnCreateActivationDescriptor, &made);
  activation_ = {made, cudnn_.cudnnDestroyActivationDescriptor};
  TOPC_CALL(cudnn_, cudnnSetActivationDescriptor, made,
            spec.relu ? abi::cudnn_activation_relu : abi::cudnn_activation_identity,
            // With a bias, cuDNN does not accept the other one.
            abi::cudnn_not_propagate_nan, 0.0);
}

void conv_descriptors::set_math(const conv_spec &spec, int offered) const {
  const bool full = spec.dtype == data_type::f32 && spec.math == math_mode::ieee;
  TOPC_CALL(cudnn_, cudnnSetConvolutionMathType, convolution_.get(),
            full ? abi::cudnn_fma_math : offered);
}

}  // namespace topc
