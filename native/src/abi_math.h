// The functions of NVRTC, cuBLAS and cuDNN that the helper calls: X(name, result, arguments).
#pragma once

#include "abi_types.h"

#define TOPC_NVRTC_FUNCTIONS(X)                                                                   \
  X(nvrtcGetErrorString, const char *, (status error))                                            \
  X(nvrtcVersion, status, (int *major, int *minor))                                               \
  X(nvrtcCreateProgram, status,                                                                   \
    (nvrtc_program * program, const char *source, const char *name, int headers,                  \
     const char *const *header_texts, const char *const *header_names))                           \
  X(nvrtcDestroyProgram, status, (nvrtc_program * program))                                       \
  X(nvrtcCompileProgram, status, (nvrtc_program program, int options, const char *const *texts))  \
  X(nvrtcGetProgramLogSize, status, (nvrtc_program program, std::size_t * bytes))                 \
  X(nvrtcGetProgramLog, status, (nvrtc_program program, char *log))                               \
  X(nvrtcGetCUBINSize, status, (nvrtc_program program, std::size_t * bytes))                      \
  X(nvrtcGetCUBIN, status, (nvrtc_program program, char *image))

#define TOPC_CUBLASLT_FUNCTIONS(X)                                                                \
  X(cublasLtGetVersion, std::size_t, ())                                                          \
  X(cublasLtMatmulDescCreate, status, (lt_matmul * matmul, int compute_type, int scale_type))     \
  X(cublasLtMatmulDescDestroy, status, (lt_matmul matmul))                                        \
  X(cublasLtMatmulDescSetAttribute, status,                                                       \
    (lt_matmul matmul, int attribute, const void *value, std::size_t bytes))                      \
  X(cublasLtMatrixLayoutCreate, status,                                                           \
    (lt_layout * layout, int type, std::uint64_t rows, std::uint64_t columns,                     \
     std::int64_t leading))                                                                       \
  X(cublasLtMatrixLayoutDestroy, status, (lt_layout layout))                                      \
  X(cublasLtMatmulPreferenceCreate, status, (lt_preference * preference))                         \
  X(cublasLtMatmulPreferenceDestroy, status, (lt_preference preference))                          \
  X(cublasLtMatmulPreferenceSetAttribute, status,                                                 \
    (lt_preference preference, int attribute, const void *value, std::size_t bytes))              \
  X(cublasLtMatmulAlgoGetHeuristic, status,                                                       \
    (cublas_handle handle, lt_matmul matmul, lt_layout a, lt_layout b, lt_layout c, lt_layout d,  \
     lt_preference preference, int asked, lt_offer *offers, int *given))                          \
  X(cublasLtMatmul, status,                                                                       \
    (cublas_handle handle, lt_matmul matmul, const void *alpha, const void *a, lt_layout a_desc,  \
     const void *b, lt_layout b_desc, const void *beta, const void *c, lt_layout c_desc, void *d, \
     lt_layout d_desc, const lt_algorithm *algorithm, void *workspace, std::size_t bytes,         \
     stream stream))

// Separate, because the C++ half of cuBLAS's header overloads the last one.
#define TOPC_CUBLAS_FUNCTIONS(X) TOPC_CUBLAS_PLAIN_FUNCTIONS(X) TOPC_CUBLAS_GEMM_FUNCTIONS(X)

#define TOPC_CUBLAS_PLAIN_FUNCTIONS(X)                                                            \
  X(cublasGetStatusName, const char *, (status status))                                           \
  X(cublasGetProperty, status, (int property, int *value))                                        \
  X(cublasCreate_v2, status, (cublas_handle * handle))                                            \
  X(cublasDestroy_v2, status, (cublas_handle handle))                                             \
  X(cublasSetStream_v2, status, (cublas_handle handle, stream stream))                            \
  X(cublasSetWorkspace_v2, status, (cublas_handle handle, void *workspace, std::size_t bytes))

#define TOPC_CUBLAS_GEMM_FUNCTIONS(X)                                                             \
  X(cublasGemmStridedBatchedEx, status,                                                           \
    (cublas_handle handle, int transpose_a, int transpose_b, int m, int n, int k,                 \
     const void *alpha, const void *a, int a_type, int a_leading, long long a_stride,             \
     const void *b, int b_type, int b_leading, long long b_stride, const void *beta, void *c,     \
     int c_type, int c_leading, long long c_stride, int batch, int compute, int algorithm))

#define TOPC_CUDNN_FUNCTIONS(X)                                                                   \
  X(cudnnGetErrorString, const char *, (status status))                                           \
  X(cudnnGetVersion, std::size_t, ())                                                             \
  X(cudnnCreate, status, (cudnn_handle * handle))                                                 \
  X(cudnnDestroy, status, (cudnn_handle handle))                                                  \
  X(cudnnSetStream, status, (cudnn_handle handle, stream stream))                                 \
  X(cudnnCreateTensorDescriptor, status, (cudnn_tensor * tensor))                                 \
  X(cudnnDestroyTensorDescriptor, status, (cudnn_tensor tensor))                                  \
  X(cudnnSetTensorNdDescriptor, status,                                                           \
    (cudnn_tensor tensor, int type, int rank, const int *dims, const int *strides))               \
  X(cudnnCreateFilterDescriptor, status, (cudnn_filter * filter))                                 \
  X(cudnnDestroyFilterDescriptor, status, (cudnn_filter filter))                                  \
  X(cudnnSetFilterNdDescriptor, status,                                                           \
    (cudnn_filter filter, int type, int format, int rank, const int *dims))                       \
  X(cudnnCreateConvolutionDescriptor, status, (cudnn_convolution * convolution))                  \
  X(cudnnDestroyConvolutionDescriptor, status, (cudnn_convolution convolution))                   \
  X(cudnnSetConvolutionNdDescriptor, status,                                                      \
    (cudnn_convolution convolution, int rank, const int *pads, const int *strides,                \
     const int *dilations, int mode, int compute_type))                                           \
  X(cudnnSetConvolutionGroupCount, status, (cudnn_convolution convolution, int groups))           \
  X(cudnnSetConvolutionMathType, status, (cudnn_convolution convolution, int math))               \
  X(cudnnCreateActivationDescriptor, status, (cudnn_activation * activation))                     \
  X(cudnnDestroyActivationDescriptor, status, (cudnn_activation activation))                      \
  X(cudnnSetActivationDescriptor, status,                                                         \
    (cudnn_activation activation, int mode, int nan_propagation, double coefficient))             \
  X(cudnnGetConvolutionForwardAlgorithm_v7, status,                                               \
    (cudnn_handle handle, cudnn_tensor x, cudnn_filter w, cudnn_convolution convolution,          \
     cudnn_tensor y, int asked, int *given, conv_algorithm_offer *offers))                        \
  X(cudnnFindConvolutionForwardAlgorithmEx, status,                                               \
    (cudnn_handle handle, cudnn_tensor x_desc, const void *x, cudnn_filter w_desc, const void *w, \
     cudnn_convolution convolution, cudnn_tensor y_desc, void *y, int asked, int *given,          \
     conv_algorithm_offer *offers, void *workspace, std::size_t bytes))                           \
  X(cudnnGetConvolutionForwardWorkspaceSize, status,                                              \
    (cudnn_handle handle, cudnn_tensor x, cudnn_filter w, cudnn_convolution convolution,          \
     cudnn_tensor y, int algorithm, std::size_t *bytes))                                          \
  X(cudnnConvolutionForward, status,                                                              \
    (cudnn_handle handle, const void *alpha, cudnn_tensor x_desc, const void *x,                  \
     cudnn_filter w_desc, const void *w, cudnn_convolution convolution, int algorithm,            \
     void *workspace, std::size_t bytes, const void *beta, cudnn_tensor y_desc, void *y))         \
  X(cudnnConvolutionBiasActivationForward, status,                                                \
    (cudnn_handle handle, const void *alpha, cudnn_tensor x_desc, const void *x,                  \
     cudnn_filter w_desc, const void *w, cudnn_convolution convolution, int algorithm,            \
     void *workspace, std::size_t bytes, const void *alpha_z, cudnn_tensor z_desc, const void *z, \
     cudnn_tensor bias_desc, const void *bias, cudnn_activation activation, cudnn_tensor y_desc,  \
     void *y))

namespace topc::abi {

#define TOPC_DECLARE(name, result, args) using name##_t = result(*) args;
TOPC_NVRTC_FUNCTIONS(TOPC_DECLARE)
TOPC_CUBLASLT_FUNCTIONS(TOPC_DECLARE)
TOPC_CUBLAS_FUNCTIONS(TOPC_DECLARE)
TOPC_CUDNN_FUNCTIONS(TOPC_DECLARE)
#undef TOPC_DECLARE

}  // namespace topc::abi
