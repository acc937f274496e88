// cuDNN on the host, with the convolutions of two spatial dims.
#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "library_objects.h"

using namespace topc::abi;
using stand_in::destroy;
using stand_in::dnn;
using stand_in::floats;
using stand_in::library_kernel;
using stand_in::make;
using stand_in::object_of;

namespace {

// Statuses for arguments that do not fit, and for what cuDNN does not do.
constexpr status bad_param = 2000;
constexpr status not_supported = 3000;

struct tensor {
  std::vector<int> dims;
  int type = -1;
  // Channels are last in memory.
  bool turned = false;
  // Of the tensor that it is part of.
  int channels = 0;
};

// The place of an element in memory.
std::ptrdiff_t place_of(const tensor &of, int a, int b, int row, int column) {
  const auto &d = of.dims;
  return of.turned ? ((a * d[2] + row) * d[3] + column) * of.channels + b
                   : ((a * d[1] + b) * d[2] + row) * d[3] + column;
}

// Whether this cuDNN takes rows only, or no parts of tensors: STAND_IN_LAYOUT=rows or whole.
bool refuses_layout(const tensor &of) {
  const char *wish = std::getenv("STAND_IN_LAYOUT");
  const bool part = of.channels != of.dims[1];
  return wish != nullptr && of.turned && (std::strcmp(wish, "rows") == 0 || part);
}

// Convolutions with more outputs need more.
std::size_t workspace_bytes(const tensor &w) { return 64 * static_cast<std::size_t>(w.dims[0]); }

struct convolution {
  std::vector<int> pads;
  std::vector<int> strides;
  std::vector<int> dilations;
  int groups = 1;
  int math = -1;
};

struct activation {
  int mode = -1;
  int nan = -1;
};

// Whether this cuDNN refuses the call with a bias: STAND_IN_FUSED=no-relu or none.
bool refuses_fused(int mode) {
  const char *wish = std::getenv("STAND_IN_FUSED");
  return wish != nullptr && (std::strcmp(wish, "none") == 0 || mode == cudnn_activation_relu);
}

}  // namespace

extern "C" {

const char *cudnnGetErrorString(status) { return "CUDNN_STATUS_OF_STAND_IN"; }

std::size_t cudnnGetVersion() { return 91200; }

status cudnnCreate(cudnn_handle *made) {
  STAND_IN_CALL(cudnnCreate);
  return make<dnn>("cudnn", made);
}

status cudnnDestroy(cudnn_handle handle) { return destroy<dnn>("cudnn", handle); }

status cudnnSetStream(cudnn_handle handle, stream on) {
  STAND_IN_CALL(cudnnSetStream);
  object_of<dnn>(handle).on = &object_of<stand_in::stream>(on);
  return 0;
}

status cudnnCreateTensorDescriptor(cudnn_tensor *made) {
  STAND_IN_CALL(cudnnCreateTensorDescriptor);
  return make<tensor>("tensor", made);
}

status cudnnDestroyTensorDescriptor(cudnn_tensor handle) {
  return destroy<tensor>("tensor", handle);
}

status cudnnSetTensorNdDescriptor(cudnn_tensor handle, int type, int rank, const int *dims,
                                  const int *strides) {
  STAND_IN_CALL(cudnnSetTensorNdDescriptor);
  std::vector<int> rows(static_cast<std::size_t>(rank), 1);
  for (int i = rank - 1; i > 0; i--) {
    rows[i - 1] = rows[i] * dims[i];
  }
  const int channels = strides[rank - 1];
  std::vector<int> turned = rows;
  for (int i = 2; i < rank; i++) {
    turned[i] *= channels;
  }
  turned[0] = turned[0] / dims[1] * channels;
  turned[1] = 1;
  const std::vector<int> given(strides, strides + rank);
  const bool is_turned = given != rows && given == turned && rank == 4 && channels >= dims[1];
  object_of<tensor>(handle) = {std::vector<int>(dims, dims + rank), type, is_turned,
                               is_turned ? channels : dims[1]};
  return given == rows || is_turned ? 0 : bad_param;
}

status cudnnCreateFilterDescriptor(cudnn_filter *made) {
  STAND_IN_CALL(cudnnCreateFilterDescriptor);
  return make<tensor>("filter", made);
}

status cudnnDestroyFilterDescriptor(cudnn_filter handle) {
  return destroy<tensor>("filter", handle);
}

status cudnnSetFilterNdDescriptor(cudnn_filter handle, int type, int format, int rank,
                                  const int *dims) {
  STAND_IN_CALL(cudnnSetFilterNdDescriptor);
  object_of<tensor>(handle) = {std::vector<int>(dims, dims + rank), type, format == cudnn_nhwc, dims[1]};
  return format == cudnn_nchw || (format == cudnn_nhwc && rank == 4) ? 0 : bad_param;
}

status cudnnCreateConvolutionDescriptor(cudnn_convolution *made) {
  STAND_IN_CALL(cudnnCreateConvolutionDescriptor);
  return make<convolution>("convolution", made);
}

status cudnnDestroyConvolutionDescriptor(cudnn_convolution handle) {
  return destroy<convolution>("convolution", handle);
}

status cudnnSetConvolutionNdDescriptor(cudnn_convolution handle, int rank, const int *pads,
                                       const int *strides, const int *dilations, int mode,
                                       int compute_type) {
  STAND_IN_CALL(cudnnSetConvolutionNdDescriptor);
  auto &set = object_of<convolution>(handle);
  set.pads.assign(pads, pads + rank);
  set.strides.assign(strides, strides + rank);
  set.dilations.assign(dilations, dilations + rank);
  return mode == cudnn_cross_correlation && compute_type == cudnn_f32 ? 0 : bad_param;
}

status cudnnSetConvolutionGroupCount(cudnn_convolution handle, int groups) {
  STAND_IN_CALL(cudnnSetConvolutionGroupCount);
  object_of<convolution>(handle).groups = groups;
  return 0;
}

status cudnnSetConvolutionMathType(cudnn_convolution handle, int math) {
  STAND_IN_CALL(cudnnSetConvolutionMathType);
  object_of<convolution>(handle).math = math;
  return 0;
}

status cudnnCreateActivationDescriptor(cudnn_activation *made) {
  STAND_IN_CALL(cudnnCreateActivationDescriptor);
  return make<activation>("activation", made);
}

status cudnnDestroyActivationDescriptor(cudnn_activation handle) {
  return destroy<activation>("activation", handle);
}

status cudnnSetActivationDescriptor(cudnn_activation handle, int mode, int nan, double) {
  STAND_IN_CALL(cudnnSetActivationDescriptor);
  object_of<activation>(handle) = {mode, nan};
  return 0;
}

// First a fast one that gives other bits each time, then one that wants too much, then usable ones.
status cudnnGetConvolutionForwardAlgorithm_v7(cudnn_handle, cudnn_tensor, cudnn_filter,
                                              cudnn_convolution handle, cudnn_tensor, int asked,
                                              int *given, conv_algorithm_offer *offers) {
  STAND_IN_CALL(cudnnGetConvolutionForwardAlgorithm_v7);
  const int math = object_of<convolution>(handle).math;
  const conv_algorithm_offer all[] = {{6, 0, 0.1F, 64, 0, math, {}},
                                      {4, 0, 0.2F, 0, cudnn_deterministic, math, {}},
                                      {7, 0, 0.3F, 64, cudnn_deterministic, math, {}},
                                      {1, 0, 0.4F, 64, cudnn_deterministic, math, {}}};
  *given = std::min(asked, 4);
  std::copy(all, all + *given, offers);
  return 0;
}

status cudnnFindConvolutionForwardAlgorithmEx(cudnn_handle handle, cudnn_tensor x_desc,
                                              const void *, cudnn_filter w_desc, const void *,
                                              cudnn_convolution conv, cudnn_tensor y_desc, void *,
                                              int asked, int *given, conv_algorithm_offer *offers,
                                              void *workspace, std::size_t bytes) {
  STAND_IN_CALL(cudnnFindConvolutionForwardAlgorithmEx);
  if (const status forbidden = stand_in::forbidden_while_capturing(); forbidden != 0) {
    return forbidden;
  }
  if (stand_in::device_bytes(reinterpret_cast<std::uint64_t>(workspace), bytes) == nullptr) {
    return bad_param;
  }
  return cudnnGetConvolutionForwardAlgorithm_v7(handle, x_desc, w_desc, conv, y_desc, asked, given,
                                                offers);
}

status cudnnGetConvolutionForwardWorkspaceSize(cudnn_handle, cudnn_tensor, cudnn_filter w_desc,
                                               cudnn_convolution, cudnn_tensor, int algorithm,
                                               std::size_t *bytes) {
  STAND_IN_CALL(cudnnGetConvolutionForwardWorkspaceSize);
  *bytes = algorithm == 4 ? std::size_t{1} << 40 : workspace_bytes(object_of<tensor>(w_desc));
  return 0;
}

}  // extern "C"

namespace {

struct conv_call {
  tensor x;
  tensor w;
  tensor y;
  tensor added;
  convolution set;
  const void *x_data;
  const void *w_data;
  void *y_data;
  const void *bias;
  const void *residual;
  bool relu;
  std::uint64_t workspace;
};

// What the workspace holds between the two kernels of a convolution: another one that used it in
// between would have changed it, and then the result is nothing.
void stamp(const conv_call &call, bool check, bool &intact) {
  if (unsigned char *bytes = stand_in::device_bytes(call.workspace, 64)) {
    const auto mark = reinterpret_cast<std::uint64_t>(call.y_data);
    if (check) {
      intact = std::memcmp(bytes, &mark, sizeof mark) == 0;
    } else {
      std::memcpy(bytes, &mark, sizeof mark);
    }
  }
}

// Two spatial dims are enough here.
float at(const conv_call &call, int n, int o, int row, int column) {
  const auto &x = call.x.dims;
  const auto &w = call.w.dims;
  float sum = 0;
  const int first = o / (w[0] / call.set.groups) * w[1];
  for (int c = 0; c < w[1]; c++) {
    for (int i = 0; i < w[2]; i++) {
      for (int j = 0; j < w[3]; j++) {
        const int r = row * call.set.strides[0] - call.set.pads[0] + i * call.set.dilations[0];
        const int s = column * call.set.strides[1] - call.set.pads[1] + j * call.set.dilations[1];
        if (r < 0 || s < 0 || r >= x[2] || s >= x[3]) {
          continue;
        }
        const float *value =
            floats(static_cast<const float *>(call.x_data) + place_of(call.x, n, first + c, r, s),
                   1);
        const float *weight = floats(
            static_cast<const float *>(call.w_data) + place_of(call.w, o, c, i, j), 1);
        sum += value != nullptr && weight != nullptr ? *value * *weight : 0;
      }
    }
  }
  if (call.bias != nullptr) {
    const float *bias = floats(static_cast<const float *>(call.bias) + o, 1);
    sum += bias != nullptr ? *bias : 0;
  }
  return sum;
}

float finished(const conv_call &call, float sum, int n, int o, int row, int column) {
  if (call.residual != nullptr) {
    const std::ptrdiff_t place = place_of(call.added, n, o, row, column);
    const float *added = floats(static_cast<const float *>(call.residual) + place, 1);
    sum += added != nullptr ? *added : 0;
  }
  return call.relu ? std::max(sum, 0.0F) : sum;
}

void convolve(const conv_call &call) {
  bool intact = false;
  stamp(call, true, intact);
  const auto &y = call.y.dims;
  auto *to = static_cast<float *>(call.y_data);
  for (int n = 0; n < y[0]; n++) {
    for (int o = 0; o < y[1]; o++) {
      for (int row = 0; row < y[2]; row++) {
        for (int column = 0; column < y[3]; column++) {
          const std::ptrdiff_t place = place_of(call.y, n, o, row, column);
          if (float *result = floats(to + place, 1)) {
            *result = intact ? finished(call, at(call, n, o, row, column), n, o, row, column) : -1e30F;
          }
        }
      }
    }
  }
}

status enqueue(cudnn_handle handle, const conv_call &call) {
  auto &on = *object_of<dnn>(handle).on;
  const status first =
      stand_in::enqueue(on, node_kernel, library_kernel("stand_in_transform", 4), [call] {
        bool unused = false;
        stamp(call, false, unused);
      });
  return first != 0 ? first
                    : stand_in::enqueue(on, node_kernel, library_kernel("stand_in_conv", 8),
                                        [call] { convolve(call); });
}

}  // namespace

extern "C" {

status cudnnConvolutionForward(cudnn_handle handle, const void *, cudnn_tensor x_desc,
                               const void *x, cudnn_filter w_desc, const void *w,
                               cudnn_convolution conv, int algorithm, void *workspace,
                               std::size_t bytes, const void *, cudnn_tensor y_desc, void *y) {
  STAND_IN_CALL(cudnnConvolutionForward);
  const auto &set = object_of<convolution>(conv);
  const char *wish = std::getenv("STAND_IN_FORWARD");
  const int refused = wish == nullptr ? -1 : std::atoi(wish);
  if (algorithm == refused || refuses_layout(object_of<tensor>(x_desc)) ||
      refuses_layout(object_of<tensor>(y_desc))) {
    return not_supported;
  }
  if ((algorithm != 7 && algorithm != conv_implicit_precomp_gemm) || bytes != workspace_bytes(object_of<tensor>(w_desc)) || set.math < 0) {
    return bad_param;
  }
  return enqueue(handle, {object_of<tensor>(x_desc), object_of<tensor>(w_desc),
                          object_of<tensor>(y_desc), {}, set, x, w, y, nullptr, nullptr, false,
                          reinterpret_cast<std::uint64_t>(workspace)});
}

status cudnnConvolutionBiasActivationForward(
    cudnn_handle handle, const void *, cudnn_tensor x_desc, const void *x, cudnn_filter w_desc,
    const void *w, cudnn_convolution conv, int algorithm, void *workspace, std::size_t bytes,
    const void *alpha_z, cudnn_tensor z_desc, const void *z, cudnn_tensor bias_desc,
    const void *bias, cudnn_activation act, cudnn_tensor y_desc, void *y) {
  STAND_IN_CALL(cudnnConvolutionBiasActivationForward);
  const auto [mode, nan] = object_of<activation>(act);
  const auto &set = object_of<convolution>(conv);
  const bool can = mode == cudnn_activation_relu || algorithm == conv_implicit_precomp_gemm;
  // Its reference: the other way to treat NaN is not supported.
  if (refuses_fused(mode) || nan != cudnn_not_propagate_nan ||
      refuses_layout(object_of<tensor>(x_desc)) || refuses_layout(object_of<tensor>(y_desc))) {
    return not_supported;
  }
  if (!can || bytes != workspace_bytes(object_of<tensor>(w_desc)) || set.math < 0 ||
      object_of<tensor>(bias_desc).dims[1] != object_of<tensor>(w_desc).dims[0]) {
    return bad_param;
  }
  if (object_of<tensor>(z_desc).dims != object_of<tensor>(y_desc).dims) {
    return bad_param;
  }
  // Its reference: what is added has the result's layout.
  if (object_of<tensor>(z_desc).channels != object_of<tensor>(y_desc).channels) {
    return not_supported;
  }
  const void *added = *static_cast<const float *>(alpha_z) == 0 ? nullptr : z;
  return enqueue(handle, {object_of<tensor>(x_desc), object_of<tensor>(w_desc),
                          object_of<tensor>(y_desc), object_of<tensor>(z_desc), set, x, w, y, bias,
                          added,
                          mode == cudnn_activation_relu,
                          reinterpret_cast<std::uint64_t>(workspace)});
}

}  // extern "C"
