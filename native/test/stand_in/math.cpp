// NVRTC, cuBLAS and cuDNN on the host: just enough arithmetic to see whether they are called rightly.
#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "engine.h"

using namespace topc::abi;
using stand_in::object_of;
using stand_in::require_alive;
using stand_in::state;

namespace {

// Statuses of the libraries.
constexpr status compilation_failed = 6;
constexpr status invalid_value = 7;
constexpr status bad_param = 3;

struct program {
  std::string source;
  std::string log;
};

struct blas {
  stand_in::stream *on = nullptr;
  std::uint64_t workspace = 0;
};

struct dnn {
  stand_in::stream *on = nullptr;
};

struct tensor {
  std::vector<int> dims;
  int type = -1;
};

struct convolution {
  std::vector<int> pads;
  std::vector<int> strides;
  std::vector<int> dilations;
  int groups = 1;
  int math = -1;
};

struct activation {
  int mode = -1;
};

template <typename Object, typename Handle> status make(const char *kind, Handle *made) {
  auto *object = new Object;
  stand_in::born(kind, object);
  *made = reinterpret_cast<Handle>(object);
  return 0;
}

template <typename Object, typename Handle> status destroy(const char *kind, Handle handle) {
  stand_in::died(kind, handle);
  delete &object_of<Object>(handle);
  return 0;
}

float *floats(const void *address, std::uint64_t count) {
  return reinterpret_cast<float *>(
      stand_in::device_bytes(reinterpret_cast<std::uint64_t>(address), count * sizeof(float)));
}

stand_in::function &library_function(const char *name) {
  static std::map<std::string, stand_in::function> all;
  return all.emplace(name, stand_in::function{name}).first->second;
}

stand_in::kernel_shape library_kernel(const char *name, unsigned blocks) {
  stand_in::kernel_shape shape;
  shape.grid[0] = blocks;
  shape.block[0] = 128;
  shape.shared = 1024;
  shape.function = reinterpret_cast<function>(&library_function(name));
  shape.library = true;
  return shape;
}

}  // namespace

extern "C" {

const char *nvrtcGetErrorString(status error) {
  return error == compilation_failed ? "NVRTC_ERROR_COMPILATION" : "NVRTC_ERROR";
}

status nvrtcVersion(int *major, int *minor) {
  *major = 13;
  *minor = 0;
  return 0;
}

status nvrtcCreateProgram(nvrtc_program *made, const char *source, const char *, int,
                          const char *const *, const char *const *) {
  STAND_IN_CALL(nvrtcCreateProgram);
  make<program>("program", made);
  object_of<program>(*made).source = source;
  return 0;
}

status nvrtcDestroyProgram(nvrtc_program *handle) {
  return destroy<program>("program", *handle);
}

status nvrtcCompileProgram(nvrtc_program handle, int options, const char *const *texts) {
  STAND_IN_CALL(nvrtcCompileProgram);
  auto &compiled = object_of<program>(handle);
  for (int i = 0; i < options; i++) {
    compiled.log += std::string(texts[i]) + "\n";
  }
  if (compiled.source.find("#error") != std::string::npos) {
    compiled.log = "source.cu(1): error: #error\nmore\n";
    return compilation_failed;
  }
  return 0;
}

status nvrtcGetProgramLogSize(nvrtc_program handle, std::size_t *bytes) {
  STAND_IN_CALL(nvrtcGetProgramLogSize);
  *bytes = object_of<program>(handle).log.size() + 1;
  return 0;
}

status nvrtcGetProgramLog(nvrtc_program handle, char *log) {
  STAND_IN_CALL(nvrtcGetProgramLog);
  const auto &text = object_of<program>(handle).log;
  std::memcpy(log, text.c_str(), text.size() + 1);
  return 0;
}

status nvrtcGetCUBINSize(nvrtc_program handle, std::size_t *bytes) {
  STAND_IN_CALL(nvrtcGetCUBINSize);
  *bytes = object_of<program>(handle).source.size() + 1;
  return 0;
}

status nvrtcGetCUBIN(nvrtc_program handle, char *image) {
  STAND_IN_CALL(nvrtcGetCUBIN);
  const auto &text = object_of<program>(handle).source;
  std::memcpy(image, text.c_str(), text.size() + 1);
  return 0;
}

std::size_t cublasLtGetVersion() { return 130101; }

const char *cublasGetStatusName(status) { return "CUBLAS_STATUS_OF_STAND_IN"; }

status cublasGetProperty(int property, int *value) {
  constexpr int version[] = {13, 1, 1};
  *value = version[property];
  return 0;
}

status cublasCreate_v2(cublas_handle *made) {
  STAND_IN_CALL(cublasCreate_v2);
  return make<blas>("cublas", made);
}

status cublasDestroy_v2(cublas_handle handle) { return destroy<blas>("cublas", handle); }

status cublasSetStream_v2(cublas_handle handle, stream on) {
  STAND_IN_CALL(cublasSetStream_v2);
  require_alive("cublas", handle, "cublasSetStream_v2");
  object_of<blas>(handle) = {&object_of<stand_in::stream>(on), 0};
  return 0;
}

status cublasSetWorkspace_v2(cublas_handle handle, void *workspace, std::size_t bytes) {
  STAND_IN_CALL(cublasSetWorkspace_v2);
  require_alive("cublas", handle, "cublasSetWorkspace_v2");
  const auto address = reinterpret_cast<std::uint64_t>(workspace);
  if (stand_in::device_bytes(address, bytes) == nullptr) {
    return invalid_value;
  }
  object_of<blas>(handle).workspace = address;
  return 0;
}

status cublasGemmStridedBatchedEx(cublas_handle handle, int transpose_a, int transpose_b, int m,
                                  int n, int k, const void *alpha, const void *a, int a_type,
                                  int a_leading, long long a_stride, const void *b, int b_type,
                                  int b_leading, long long b_stride, const void *beta, void *c,
                                  int c_type, int c_leading, long long c_stride, int batch,
                                  int compute, int algorithm) {
  STAND_IN_CALL(cublasGemmStridedBatchedEx);
  require_alive("cublas", handle, "cublasGemmStridedBatchedEx");
  const auto &used = object_of<blas>(handle);
  // Without a workspace of its own cuBLAS would allocate within the capture.
  if (used.workspace == 0 || a_type != real_f32 || b_type != real_f32 || c_type != real_f32 ||
      (compute != compute_f32 && compute != compute_f32_tf32) || algorithm != gemm_default) {
    return invalid_value;
  }
  const float scale = *static_cast<const float *>(alpha);
  const float keep = *static_cast<const float *>(beta);
  return stand_in::enqueue(
      *used.on, node_kernel, library_kernel("stand_in_gemm", static_cast<unsigned>(m)), [=] {
        for (int item = 0; item < batch; item++) {
          const auto *left = static_cast<const float *>(a) + item * a_stride;
          const auto *right = static_cast<const float *>(b) + item * b_stride;
          auto *to = static_cast<float *>(c) + item * c_stride;
          for (int row = 0; row < m; row++) {
            for (int column = 0; column < n; column++) {
              float sum = 0;
              for (int i = 0; i < k; i++) {
                const float *x =
                    floats(left + (transpose_a != 0 ? i + row * a_leading : row + i * a_leading), 1);
                const float *y = floats(
                    right + (transpose_b != 0 ? column + i * b_leading : i + column * b_leading),
                    1);
                sum += x != nullptr && y != nullptr ? *x * *y : 0;
              }
              if (float *result = floats(to + row + column * c_leading, 1)) {
                *result = scale * sum + (keep == 0 ? 0 : keep * *result);
              }
            }
          }
        }
      });
}

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
  int dense = 1;
  for (int i = rank - 1; i >= 0; i--) {
    if (strides[i] != dense) {
      return bad_param;
    }
    dense *= dims[i];
  }
  object_of<tensor>(handle) = {std::vector<int>(dims, dims + rank), type};
  return 0;
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
  object_of<tensor>(handle) = {std::vector<int>(dims, dims + rank), type};
  return format == cudnn_nchw ? 0 : bad_param;
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

status cudnnSetActivationDescriptor(cudnn_activation handle, int mode, int, double) {
  STAND_IN_CALL(cudnnSetActivationDescriptor);
  object_of<activation>(handle).mode = mode;
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

status cudnnGetConvolutionForwardWorkspaceSize(cudnn_handle, cudnn_tensor, cudnn_filter,
                                               cudnn_convolution, cudnn_tensor, int algorithm,
                                               std::size_t *bytes) {
  STAND_IN_CALL(cudnnGetConvolutionForwardWorkspaceSize);
  *bytes = algorithm == 4 ? std::size_t{1} << 40 : 64;
  return 0;
}

}  // extern "C"

namespace {

struct conv_call {
  tensor x;
  tensor w;
  tensor y;
  convolution set;
  const void *x_data;
  const void *w_data;
  void *y_data;
  const void *bias;
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
            floats(static_cast<const float *>(call.x_data) +
                       ((n * x[1] + first + c) * x[2] + r) * x[3] + s,
                   1);
        const float *weight = floats(
            static_cast<const float *>(call.w_data) + ((o * w[1] + c) * w[2] + i) * w[3] + j, 1);
        sum += value != nullptr && weight != nullptr ? *value * *weight : 0;
      }
    }
  }
  if (call.bias != nullptr) {
    const float *bias = floats(static_cast<const float *>(call.bias) + o, 1);
    sum += bias != nullptr ? *bias : 0;
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
          if (float *result = floats(to + ((n * y[1] + o) * y[2] + row) * y[3] + column, 1)) {
            *result = intact ? at(call, n, o, row, column) : -1e30F;
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
  if (algorithm != 7 || bytes != 64 || set.math < 0) {
    return bad_param;
  }
  return enqueue(handle, {object_of<tensor>(x_desc), object_of<tensor>(w_desc),
                          object_of<tensor>(y_desc), set, x, w, y, nullptr, false,
                          reinterpret_cast<std::uint64_t>(workspace)});
}

status cudnnConvolutionBiasActivationForward(
    cudnn_handle handle, const void *, cudnn_tensor x_desc, const void *x, cudnn_filter w_desc,
    const void *w, cudnn_convolution conv, int algorithm, void *workspace, std::size_t bytes,
    const void *, cudnn_tensor, const void *, cudnn_tensor bias_desc, const void *bias,
    cudnn_activation act, cudnn_tensor y_desc, void *y) {
  STAND_IN_CALL(cudnnConvolutionBiasActivationForward);
  const int mode = object_of<activation>(act).mode;
  const auto &set = object_of<convolution>(conv);
  const bool can = mode == cudnn_activation_relu || algorithm == conv_implicit_precomp_gemm;
  if (!can || bytes != 64 || set.math < 0 ||
      object_of<tensor>(bias_desc).dims[1] != object_of<tensor>(w_desc).dims[0]) {
    return bad_param;
  }
  return enqueue(handle, {object_of<tensor>(x_desc), object_of<tensor>(w_desc),
                          object_of<tensor>(y_desc), set, x, w, y, bias,
                          mode == cudnn_activation_relu,
                          reinterpret_cast<std::uint64_t>(workspace)});
}

}  // extern "C"
