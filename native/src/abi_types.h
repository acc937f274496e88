// Our own declarations of the types of NVIDIA's libraries.
//
// The helper opens the libraries at run time and is built without any of their headers, so this
// file states the parts of their binary interface that it uses: opaque handles, the few structures
// that cross, the numbers of a few enumerations. test/abi_check.cpp compares all of it with the
// real headers on machines that have them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace topc::abi {

// Handles: pointers to structures that are opaque outside the libraries.
struct context_tag;
struct stream_tag;
struct event_tag;
struct graph_tag;
struct graph_exec_tag;
struct graph_node_tag;
struct module_tag;
struct function_tag;
struct kernel_tag;
struct nvrtc_program_tag;
struct cublas_tag;
struct cudnn_tag;
struct cudnn_tensor_tag;
struct cudnn_filter_tag;
struct cudnn_convolution_tag;
struct cudnn_activation_tag;

// cuBLASLt's own are known structures, of which only the size matters.
struct lt_matmul_tag {
  std::uint64_t data[32];
};
struct lt_layout_tag {
  std::uint64_t data[8];
};
struct lt_preference_tag {
  std::uint64_t data[8];
};

using context = context_tag *;
using stream = stream_tag *;
using event = event_tag *;
using graph = graph_tag *;
using graph_exec = graph_exec_tag *;
using graph_node = graph_node_tag *;
using module = module_tag *;
using function = function_tag *;
using kernel = kernel_tag *;
using nvrtc_program = nvrtc_program_tag *;
using cublas_handle = cublas_tag *;
using lt_matmul = lt_matmul_tag *;
using lt_layout = lt_layout_tag *;
using lt_preference = lt_preference_tag *;
using cudnn_handle = cudnn_tag *;
using cudnn_tensor = cudnn_tensor_tag *;
using cudnn_filter = cudnn_filter_tag *;
using cudnn_convolution = cudnn_convolution_tag *;
using cudnn_activation = cudnn_activation_tag *;

using device = int;
using device_ptr = unsigned long long;
// Enumerations cross as int.
using status = int;

// CUDA_KERNEL_NODE_PARAMS of CUDA 12.0: the launch of a kernel node of a graph.
struct kernel_node_params {
  function func;
  unsigned grid_x, grid_y, grid_z;
  unsigned block_x, block_y, block_z;
  unsigned shared_bytes;
  void **args;
  void **extra;
  kernel kern;
  context ctx;
};

// CUgraphEdgeData: the kind of a dependency between graph nodes; all zero means a wait for the full
// end.
struct graph_edge {
  unsigned char from_port;
  unsigned char to_port;
  unsigned char type;
  unsigned char reserved[5];
};

// cudnnConvolutionFwdAlgoPerf_t: one algorithm that cuDNN offers for a convolution.
struct conv_algorithm_offer {
  int algorithm;
  status outcome;
  float time_ms;
  std::size_t workspace_bytes;
  int determinism;
  int math;
  int reserved[3];
};

// cublasLtMatmulAlgo_t: an algorithm, in cuBLASLt's own words.
struct lt_algorithm {
  std::uint64_t data[8];
};

// cublasLtMatmulHeuristicResult_t: one algorithm that cuBLASLt offers for a product.
struct lt_offer {
  lt_algorithm algorithm;
  std::size_t workspace_bytes;
  status outcome;
  float waves;
  int reserved[4];
};

// The version of the driver's interface with which all functions are looked up.
inline constexpr int driver_interface = 12000;

// CUresult
inline constexpr status cuda_success = 0;
inline constexpr status cuda_invalid_value = 1;
inline constexpr status cuda_out_of_memory = 2;
inline constexpr status cuda_no_device = 100;
inline constexpr status cuda_lossy_query = 402;
inline constexpr status cuda_not_found = 500;
inline constexpr status cuda_not_supported = 801;
inline constexpr status cuda_capture_unsupported = 900;
inline constexpr status cuda_captured_event = 907;

// CUdevice_attribute
inline constexpr int attribute_threads_per_block = 1;
inline constexpr int attribute_warp_size = 10;
inline constexpr int attribute_clock_khz = 13;
inline constexpr int attribute_multiprocessors = 16;
inline constexpr int attribute_memory_clock_khz = 36;
inline constexpr int attribute_memory_bus_bits = 37;
inline constexpr int attribute_l2_bytes = 38;
inline constexpr int attribute_threads_per_multiprocessor = 39;
inline constexpr int attribute_capability_major = 75;
inline constexpr int attribute_capability_minor = 76;
inline constexpr int attribute_shared_per_multiprocessor = 81;
inline constexpr int attribute_registers_per_multiprocessor = 82;
inline constexpr int attribute_shared_per_block = 97;
inline constexpr int attribute_blocks_per_multiprocessor = 106;
inline constexpr int attribute_reserved_shared_per_block = 111;

// CUfunction_attribute
inline constexpr int function_static_shared = 1;
inline constexpr int function_local_bytes = 3;
inline constexpr int function_registers = 4;
inline constexpr int function_max_dynamic_shared = 8;

// CUstream_flags, CUevent_flags, CUstreamCaptureMode, CUgraphNodeType
inline constexpr unsigned stream_non_blocking = 1;
// CUgraphInstantiate_flags
inline constexpr unsigned long long instantiate_with_priorities = 8;
inline constexpr unsigned event_default = 0;
inline constexpr unsigned event_disable_timing = 2;
inline constexpr int capture_thread_local = 1;
inline constexpr int node_kernel = 0;
inline constexpr int node_memcpy = 1;
inline constexpr int node_memset = 2;

// libraryPropertyType, cudaDataType, cublasOperation_t, cublasComputeType_t, cublasGemmAlgo_t
inline constexpr int property_major = 0;
inline constexpr int property_minor = 1;
inline constexpr int property_patch = 2;
inline constexpr int real_f32 = 0;
inline constexpr int real_f16 = 2;
inline constexpr int real_bf16 = 14;
inline constexpr int no_transpose = 0;
inline constexpr int transpose = 1;
inline constexpr int compute_f32 = 68;
inline constexpr int compute_f32_tf32 = 77;
inline constexpr int gemm_default = -1;

// cublasLtMatmulDescAttributes_t, cublasLtMatmulPreferenceAttributes_t, cublasLtEpilogue_t,
// cublasLtReductionScheme_t
inline constexpr int lt_transpose_a = 3;
inline constexpr int lt_transpose_b = 4;
inline constexpr int lt_epilogue = 7;
inline constexpr int lt_bias_pointer = 8;
inline constexpr int lt_max_workspace = 1;
inline constexpr int lt_reduction_schemes = 3;
inline constexpr int lt_alignment_a = 5;
inline constexpr int lt_alignment_b = 6;
inline constexpr int lt_alignment_c = 7;
inline constexpr int lt_alignment_d = 8;
inline constexpr int lt_epilogue_default = 1;
inline constexpr int lt_epilogue_relu = 2;
inline constexpr int lt_epilogue_bias = 4;
inline constexpr int lt_epilogue_gelu = 32;
inline constexpr int lt_reduction_compute_type = 2;
inline constexpr int lt_reduction_output_type = 4;

// cudnnDataType_t, cudnnTensorFormat_t, cudnnConvolutionMode_t, cudnnMathType_t, ...
inline constexpr int cudnn_f32 = 0;
inline constexpr int cudnn_f16 = 2;
inline constexpr int cudnn_bf16 = 9;
inline constexpr int cudnn_nchw = 0;
inline constexpr int cudnn_nhwc = 1;
inline constexpr int cudnn_cross_correlation = 1;
inline constexpr int cudnn_default_math = 0;
inline constexpr int cudnn_tensor_op_math = 1;
inline constexpr int cudnn_fma_math = 3;
inline constexpr int cudnn_deterministic = 1;
inline constexpr int cudnn_activation_relu = 1;
inline constexpr int cudnn_activation_identity = 5;
inline constexpr int cudnn_not_propagate_nan = 0;
inline constexpr int conv_implicit_gemm = 0;
inline constexpr int conv_implicit_precomp_gemm = 1;
inline constexpr int conv_algorithms = 8;

}  // namespace topc::abi
