// Compares our declarations with NVIDIA's own headers. Compiling is the test; nothing is linked.
//
//   c++ -std=c++17 -fsyntax-only -I native/src -I <toolkit>/include ... native/test/abi_check.cpp
//
// Each header that is found is checked; the compiler's output names what was (#pragma message).
// A function matches when it has as many parameters and each crosses the binary interface the same
// way: same register class and size, and pointers to things of the same class and size. Handles are
// pointers to structures that only the libraries know, so any two of them match.
#include <tuple>
#include <type_traits>

#include "abi_cudnn_graph.h"
#include "abi_driver.h"
#include "abi_math.h"

#if __has_include(<cudaTypedefs.h>)
#define TOPC_CHECKS_DRIVER
#include <cuda.h>
#include <cudaTypedefs.h>
#endif
#if __has_include(<nvrtc.h>)
#define TOPC_CHECKS_NVRTC
#include <nvrtc.h>
#endif
// cuBLAS's header needs the runtime's.
#if __has_include(<cublas_v2.h>) && __has_include(<driver_types.h>)
#define TOPC_CHECKS_CUBLAS
#include <cublasLt.h>
#include <cublas_v2.h>
#endif
#if __has_include(<cudnn.h>) && __has_include(<driver_types.h>)
#define TOPC_CHECKS_CUDNN
#include <cudnn.h>
#include <cudnn_graph.h>
#endif

namespace check {

template <typename T, typename = void> struct is_complete : std::false_type {};
template <typename T> struct is_complete<T, std::void_t<decltype(sizeof(T))>> : std::true_type {};

// The classes in which values cross; `bytes` is 0 for what has no size.
enum class kind { nothing, integer, floating, opaque, structure, pointer };

struct crossing {
  kind what;
  unsigned long bytes;
  kind pointee;
  unsigned long pointee_bytes;
};

template <typename T> constexpr kind kind_of() {
  if constexpr (std::is_void_v<T>) {
    return kind::nothing;
  } else if constexpr (std::is_pointer_v<T>) {
    return kind::pointer;
  } else if constexpr (std::is_floating_point_v<T>) {
    return kind::floating;
  } else if constexpr (std::is_integral_v<T> || std::is_enum_v<T>) {
    return kind::integer;
  } else if constexpr (is_complete<T>::value) {
    return kind::structure;
  } else {
    return kind::opaque;
  }
}

template <typename T> constexpr unsigned long bytes_of() {
  constexpr kind what = kind_of<T>();
  if constexpr (what == kind::nothing || what == kind::opaque) {
    return 0;
  } else {
    return sizeof(T);
  }
}

template <typename T> constexpr crossing crossing_of() {
  using bare = std::remove_cv_t<T>;
  using pointee = std::remove_cv_t<std::remove_pointer_t<bare>>;
  return {kind_of<bare>(), bytes_of<bare>(), kind_of<pointee>(), bytes_of<pointee>()};
}

template <typename Ours, typename Theirs> constexpr bool crosses_alike() {
  constexpr crossing ours = crossing_of<Ours>();
  constexpr crossing theirs = crossing_of<Theirs>();
  return ours.what == theirs.what && ours.bytes == theirs.bytes &&
         ours.pointee == theirs.pointee && ours.pointee_bytes == theirs.pointee_bytes;
}

template <typename Ours, typename Theirs> struct functions_match : std::false_type {};

template <typename OurResult, typename... Ours, typename TheirResult, typename... Theirs>
struct functions_match<OurResult (*)(Ours...), TheirResult (*)(Theirs...)> {
  template <typename A, typename B> static constexpr bool all() {
    if constexpr (std::tuple_size_v<A> != std::tuple_size_v<B>) {
      return false;
    } else {
      return each<A, B>(std::make_index_sequence<std::tuple_size_v<A>>{});
    }
  }
  template <typename A, typename B, std::size_t... I>
  static constexpr bool each(std::index_sequence<I...> /*positions*/) {
    return (crosses_alike<std::tuple_element_t<I, A>, std::tuple_element_t<I, B>>() && ...);
  }
  static constexpr bool value = crosses_alike<OurResult, TheirResult>() &&
                                all<std::tuple<Ours...>, std::tuple<Theirs...>>();
};

}  // namespace check

#define TOPC_SAME(ours, theirs) static_assert(topc::abi::ours == static_cast<long>(theirs), #ours)
#define TOPC_CHECK_FUNCTION(name, result, args)                                       \
  static_assert(check::functions_match<topc::abi::name##_t, decltype(&::name)>::value, \
                #name " is declared differently by its header");

#ifdef TOPC_CHECKS_DRIVER
#pragma message("checked: driver")
#define TOPC_CHECK_DRIVER(name, since, args)                                               \
  static_assert(check::functions_match<topc::abi::name##_t, PFN_##name##_v##since>::value, \
                #name " is declared differently by cudaTypedefs.h");
TOPC_DRIVER_FUNCTIONS(TOPC_CHECK_DRIVER)
// These have no typedefs before 12.3's headers.
#if CUDA_VERSION >= 12030
#define TOPC_CHECK_OPTIONAL(name, symbol, since, args)                                       \
  static_assert(check::functions_match<topc::abi::name##_t, PFN_##symbol##_v##since>::value, \
                #name " is declared differently by cudaTypedefs.h");
TOPC_DRIVER_OPTIONAL_FUNCTIONS(TOPC_CHECK_OPTIONAL)
static_assert(sizeof(topc::abi::graph_edge) == sizeof(CUgraphEdgeData));
#endif
static_assert(check::functions_match<topc::abi::cuGetProcAddress_t,
                                     PFN_cuGetProcAddress_v12000>::value,
              "cuGetProcAddress");

static_assert(sizeof(topc::abi::kernel_node_params) == sizeof(CUDA_KERNEL_NODE_PARAMS_v2));
#define TOPC_SAME_PLACE(ours, theirs)                          \
  static_assert(offsetof(topc::abi::kernel_node_params, ours) == \
                    offsetof(CUDA_KERNEL_NODE_PARAMS_v2, theirs), \
                #ours)
TOPC_SAME_PLACE(func, func);
TOPC_SAME_PLACE(grid_x, gridDimX);
TOPC_SAME_PLACE(grid_y, gridDimY);
TOPC_SAME_PLACE(grid_z, gridDimZ);
TOPC_SAME_PLACE(block_x, blockDimX);
TOPC_SAME_PLACE(block_y, blockDimY);
TOPC_SAME_PLACE(block_z, blockDimZ);
TOPC_SAME_PLACE(shared_bytes, sharedMemBytes);
TOPC_SAME_PLACE(args, kernelParams);
TOPC_SAME_PLACE(extra, extra);
TOPC_SAME_PLACE(kern, kern);
TOPC_SAME_PLACE(ctx, ctx);

TOPC_SAME(cuda_success, CUDA_SUCCESS);
TOPC_SAME(cuda_invalid_value, CUDA_ERROR_INVALID_VALUE);
TOPC_SAME(cuda_out_of_memory, CUDA_ERROR_OUT_OF_MEMORY);
TOPC_SAME(cuda_no_device, CUDA_ERROR_NO_DEVICE);
TOPC_SAME(cuda_lossy_query, CUDA_ERROR_LOSSY_QUERY);
TOPC_SAME(cuda_not_found, CUDA_ERROR_NOT_FOUND);
TOPC_SAME(cuda_not_supported, CUDA_ERROR_NOT_SUPPORTED);
TOPC_SAME(cuda_capture_unsupported, CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
TOPC_SAME(cuda_captured_event, CUDA_ERROR_CAPTURED_EVENT);
TOPC_SAME(attribute_threads_per_block, CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK);
TOPC_SAME(attribute_warp_size, CU_DEVICE_ATTRIBUTE_WARP_SIZE);
TOPC_SAME(attribute_clock_khz, CU_DEVICE_ATTRIBUTE_CLOCK_RATE);
TOPC_SAME(attribute_multiprocessors, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
TOPC_SAME(attribute_memory_clock_khz, CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE);
TOPC_SAME(attribute_memory_bus_bits, CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH);
TOPC_SAME(attribute_l2_bytes, CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE);
TOPC_SAME(attribute_threads_per_multiprocessor,
          CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR);
TOPC_SAME(attribute_capability_major, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR);
TOPC_SAME(attribute_capability_minor, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
TOPC_SAME(attribute_shared_per_multiprocessor,
          CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR);
TOPC_SAME(attribute_registers_per_multiprocessor,
          CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_MULTIPROCESSOR);
TOPC_SAME(attribute_shared_per_block, CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN);
TOPC_SAME(attribute_blocks_per_multiprocessor,
          CU_DEVICE_ATTRIBUTE_MAX_BLOCKS_PER_MULTIPROCESSOR);
TOPC_SAME(attribute_reserved_shared_per_block,
          CU_DEVICE_ATTRIBUTE_RESERVED_SHARED_MEMORY_PER_BLOCK);
TOPC_SAME(function_static_shared, CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES);
TOPC_SAME(function_local_bytes, CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES);
TOPC_SAME(function_registers, CU_FUNC_ATTRIBUTE_NUM_REGS);
TOPC_SAME(function_max_dynamic_shared, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES);
TOPC_SAME(stream_non_blocking, CU_STREAM_NON_BLOCKING);
TOPC_SAME(event_default, CU_EVENT_DEFAULT);
TOPC_SAME(event_disable_timing, CU_EVENT_DISABLE_TIMING);
TOPC_SAME(capture_thread_local, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL);
TOPC_SAME(node_kernel, CU_GRAPH_NODE_TYPE_KERNEL);
TOPC_SAME(node_memcpy, CU_GRAPH_NODE_TYPE_MEMCPY);
TOPC_SAME(node_memset, CU_GRAPH_NODE_TYPE_MEMSET);
#endif

#ifdef TOPC_CHECKS_NVRTC
#pragma message("checked: nvrtc")
TOPC_NVRTC_FUNCTIONS(TOPC_CHECK_FUNCTION)
#endif

#ifdef TOPC_CHECKS_CUBLAS
#pragma message("checked: cublas")
TOPC_CUBLASLT_FUNCTIONS(TOPC_CHECK_FUNCTION)
TOPC_CUBLAS_PLAIN_FUNCTIONS(TOPC_CHECK_FUNCTION)
using real_gemm = cublasStatus_t (*)(cublasHandle_t, cublasOperation_t, cublasOperation_t, int, int,
                                     int, const void *, const void *, cudaDataType, int, long long,
                                     const void *, cudaDataType, int, long long, const void *,
                                     void *, cudaDataType, int, long long, int,
                                     cublasComputeType_t, cublasGemmAlgo_t);
// Compiles only if the header has an overload of this type.
[[maybe_unused]] real_gemm chosen_gemm = &::cublasGemmStridedBatchedEx;
static_assert(
    check::functions_match<topc::abi::cublasGemmStridedBatchedEx_t, real_gemm>::value,
    "cublasGemmStridedBatchedEx is declared differently by its header");
TOPC_SAME(property_major, MAJOR_VERSION);
TOPC_SAME(property_minor, MINOR_VERSION);
TOPC_SAME(property_patch, PATCH_LEVEL);
TOPC_SAME(real_f32, CUDA_R_32F);
TOPC_SAME(real_f16, CUDA_R_16F);
TOPC_SAME(real_bf16, CUDA_R_16BF);
TOPC_SAME(no_transpose, CUBLAS_OP_N);
TOPC_SAME(transpose, CUBLAS_OP_T);
TOPC_SAME(compute_f32, CUBLAS_COMPUTE_32F);
TOPC_SAME(compute_f32_tf32, CUBLAS_COMPUTE_32F_FAST_TF32);
TOPC_SAME(gemm_default, CUBLAS_GEMM_DEFAULT);
static_assert(sizeof(topc::abi::lt_offer) == sizeof(cublasLtMatmulHeuristicResult_t));
static_assert(offsetof(topc::abi::lt_offer, algorithm) ==
              offsetof(cublasLtMatmulHeuristicResult_t, algo));
static_assert(offsetof(topc::abi::lt_offer, workspace_bytes) ==
              offsetof(cublasLtMatmulHeuristicResult_t, workspaceSize));
static_assert(offsetof(topc::abi::lt_offer, outcome) ==
              offsetof(cublasLtMatmulHeuristicResult_t, state));
TOPC_SAME(lt_transpose_a, CUBLASLT_MATMUL_DESC_TRANSA);
TOPC_SAME(lt_transpose_b, CUBLASLT_MATMUL_DESC_TRANSB);
TOPC_SAME(lt_epilogue, CUBLASLT_MATMUL_DESC_EPILOGUE);
TOPC_SAME(lt_bias_pointer, CUBLASLT_MATMUL_DESC_BIAS_POINTER);
TOPC_SAME(lt_max_workspace, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES);
TOPC_SAME(lt_reduction_schemes, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK);
TOPC_SAME(lt_alignment_a, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES);
TOPC_SAME(lt_alignment_b, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES);
TOPC_SAME(lt_alignment_c, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES);
TOPC_SAME(lt_alignment_d, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES);
TOPC_SAME(lt_epilogue_default, CUBLASLT_EPILOGUE_DEFAULT);
TOPC_SAME(lt_epilogue_relu, CUBLASLT_EPILOGUE_RELU);
TOPC_SAME(lt_epilogue_bias, CUBLASLT_EPILOGUE_BIAS);
TOPC_SAME(lt_epilogue_gelu, CUBLASLT_EPILOGUE_GELU);
TOPC_SAME(lt_reduction_compute_type, CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE);
TOPC_SAME(lt_reduction_output_type, CUBLASLT_REDUCTION_SCHEME_OUTPUT_TYPE);
#endif

#ifdef TOPC_CHECKS_CUDNN
#pragma message("checked: cudnn")
TOPC_CUDNN_FUNCTIONS(TOPC_CHECK_FUNCTION)
static_assert(sizeof(topc::abi::conv_algorithm_offer) == sizeof(cudnnConvolutionFwdAlgoPerf_t));
#define TOPC_SAME_OFFER(ours, theirs)                              \
  static_assert(offsetof(topc::abi::conv_algorithm_offer, ours) == \
                    offsetof(cudnnConvolutionFwdAlgoPerf_t, theirs), \
                #ours)
TOPC_SAME_OFFER(algorithm, algo);
TOPC_SAME_OFFER(outcome, status);
TOPC_SAME_OFFER(time_ms, time);
TOPC_SAME_OFFER(workspace_bytes, memory);
TOPC_SAME_OFFER(determinism, determinism);
TOPC_SAME_OFFER(math, mathType);
TOPC_SAME(cudnn_f32, CUDNN_DATA_FLOAT);
TOPC_SAME(cudnn_f16, CUDNN_DATA_HALF);
TOPC_SAME(cudnn_bf16, CUDNN_DATA_BFLOAT16);
TOPC_SAME(cudnn_nchw, CUDNN_TENSOR_NCHW);
TOPC_SAME(cudnn_nhwc, CUDNN_TENSOR_NHWC);
TOPC_SAME(cudnn_cross_correlation, CUDNN_CROSS_CORRELATION);
TOPC_SAME(cudnn_default_math, CUDNN_DEFAULT_MATH);
TOPC_SAME(cudnn_tensor_op_math, CUDNN_TENSOR_OP_MATH);
TOPC_SAME(cudnn_fma_math, CUDNN_FMA_MATH);
TOPC_SAME(cudnn_deterministic, CUDNN_DETERMINISTIC);
TOPC_SAME(cudnn_activation_relu, CUDNN_ACTIVATION_RELU);
TOPC_SAME(cudnn_activation_identity, CUDNN_ACTIVATION_IDENTITY);
TOPC_SAME(cudnn_not_propagate_nan, CUDNN_NOT_PROPAGATE_NAN);
TOPC_SAME(conv_implicit_gemm, CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM);
TOPC_SAME(conv_implicit_precomp_gemm, CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM);
TOPC_SAME(conv_algorithms, CUDNN_CONVOLUTION_FWD_ALGO_COUNT);
// Graphs of operations.
TOPC_CUDNN_GRAPH_FUNCTIONS(TOPC_CHECK_FUNCTION)
// What is set as an enumeration or a boolean is read as one.
static_assert(sizeof(cudnnDataType_t) == sizeof(int) && sizeof(cudnnPointwiseMode_t) == sizeof(int) &&
              sizeof(cudnnConvolutionMode_t) == sizeof(int) &&
              sizeof(cudnnBackendHeurMode_t) == sizeof(int) &&
              sizeof(cudnnBackendNumericalNote_t) == sizeof(int) && sizeof(bool) == 1);
static_assert(std::is_same_v<topc::abi::cudnn_descriptor, cudnnBackendDescriptor_t>);
// Newer kinds of notes would not fit.
static_assert(topc::abi::note_kinds >= CUDNN_NUMERICAL_NOTE_TYPE_COUNT);
TOPC_SAME(graph_pointwise, CUDNN_BACKEND_POINTWISE_DESCRIPTOR);
TOPC_SAME(graph_convolution, CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR);
TOPC_SAME(graph_engine, CUDNN_BACKEND_ENGINE_DESCRIPTOR);
TOPC_SAME(graph_offer, CUDNN_BACKEND_ENGINECFG_DESCRIPTOR);
TOPC_SAME(graph_heuristic, CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR);
TOPC_SAME(graph_plan_descriptor, CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR);
TOPC_SAME(graph_convolve, CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR);
TOPC_SAME(graph_apply, CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR);
TOPC_SAME(graph_operations, CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR);
TOPC_SAME(graph_variant_pack, CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
TOPC_SAME(graph_tensor, CUDNN_BACKEND_TENSOR_DESCRIPTOR);
TOPC_SAME(pointwise_mode, CUDNN_ATTR_POINTWISE_MODE);
TOPC_SAME(pointwise_precision, CUDNN_ATTR_POINTWISE_MATH_PREC);
TOPC_SAME(pointwise_lower_slope, CUDNN_ATTR_POINTWISE_RELU_LOWER_CLIP_SLOPE);
TOPC_SAME(pointwise_elu_alpha, CUDNN_ATTR_POINTWISE_ELU_ALPHA);
TOPC_SAME(pointwise_swish_beta, CUDNN_ATTR_POINTWISE_SWISH_BETA);
TOPC_SAME(convolution_type, CUDNN_ATTR_CONVOLUTION_COMP_TYPE);
TOPC_SAME(convolution_mode, CUDNN_ATTR_CONVOLUTION_CONV_MODE);
TOPC_SAME(convolution_dilations, CUDNN_ATTR_CONVOLUTION_DILATIONS);
TOPC_SAME(convolution_strides, CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES);
TOPC_SAME(convolution_pads_behind, CUDNN_ATTR_CONVOLUTION_POST_PADDINGS);
TOPC_SAME(convolution_pads_before, CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS);
TOPC_SAME(convolution_rank, CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS);
TOPC_SAME(heuristic_mode, CUDNN_ATTR_ENGINEHEUR_MODE);
TOPC_SAME(heuristic_graph, CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH);
TOPC_SAME(heuristic_results, CUDNN_ATTR_ENGINEHEUR_RESULTS);
TOPC_SAME(offer_engine, CUDNN_ATTR_ENGINECFG_ENGINE);
TOPC_SAME(plan_handle, CUDNN_ATTR_EXECUTION_PLAN_HANDLE);
TOPC_SAME(plan_offer, CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG);
TOPC_SAME(plan_workspace, CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE);
TOPC_SAME(convolve_alpha, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA);
TOPC_SAME(convolve_beta, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA);
TOPC_SAME(convolve_convolution, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC);
TOPC_SAME(convolve_w, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W);
TOPC_SAME(convolve_x, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X);
TOPC_SAME(convolve_y, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y);
TOPC_SAME(apply_pointwise, CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR);
TOPC_SAME(apply_x, CUDNN_ATTR_OPERATION_POINTWISE_XDESC);
TOPC_SAME(apply_b, CUDNN_ATTR_OPERATION_POINTWISE_BDESC);
TOPC_SAME(apply_y, CUDNN_ATTR_OPERATION_POINTWISE_YDESC);
TOPC_SAME(operations_handle, CUDNN_ATTR_OPERATIONGRAPH_HANDLE);
TOPC_SAME(operations_all, CUDNN_ATTR_OPERATIONGRAPH_OPS);
TOPC_SAME(tensor_alignment, CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT);
TOPC_SAME(tensor_type, CUDNN_ATTR_TENSOR_DATA_TYPE);
TOPC_SAME(tensor_dims, CUDNN_ATTR_TENSOR_DIMENSIONS);
TOPC_SAME(tensor_strides, CUDNN_ATTR_TENSOR_STRIDES);
TOPC_SAME(tensor_id, CUDNN_ATTR_TENSOR_UNIQUE_ID);
TOPC_SAME(tensor_is_virtual, CUDNN_ATTR_TENSOR_IS_VIRTUAL);
TOPC_SAME(tensor_is_by_value, CUDNN_ATTR_TENSOR_IS_BY_VALUE);
TOPC_SAME(pack_ids, CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS);
TOPC_SAME(pack_pointers, CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS);
TOPC_SAME(pack_workspace, CUDNN_ATTR_VARIANT_PACK_WORKSPACE);
TOPC_SAME(engine_index, CUDNN_ATTR_ENGINE_GLOBAL_INDEX);
TOPC_SAME(engine_notes, CUDNN_ATTR_ENGINE_NUMERICAL_NOTE);
TOPC_SAME(of_handle, CUDNN_TYPE_HANDLE);
TOPC_SAME(of_data_type, CUDNN_TYPE_DATA_TYPE);
TOPC_SAME(of_boolean, CUDNN_TYPE_BOOLEAN);
TOPC_SAME(of_int64, CUDNN_TYPE_INT64);
TOPC_SAME(of_float, CUDNN_TYPE_FLOAT);
TOPC_SAME(of_double, CUDNN_TYPE_DOUBLE);
TOPC_SAME(of_pointer, CUDNN_TYPE_VOID_PTR);
TOPC_SAME(of_convolution_mode, CUDNN_TYPE_CONVOLUTION_MODE);
TOPC_SAME(of_heuristic_mode, CUDNN_TYPE_HEUR_MODE);
TOPC_SAME(of_note, CUDNN_TYPE_NUMERICAL_NOTE);
TOPC_SAME(of_pointwise_mode, CUDNN_TYPE_POINTWISE_MODE);
TOPC_SAME(of_descriptor, CUDNN_TYPE_BACKEND_DESCRIPTOR);
TOPC_SAME(of_char, CUDNN_TYPE_CHAR);
TOPC_SAME(pointwise_add, CUDNN_POINTWISE_ADD);
TOPC_SAME(pointwise_multiply, CUDNN_POINTWISE_MUL);
TOPC_SAME(pointwise_min, CUDNN_POINTWISE_MIN);
TOPC_SAME(pointwise_max, CUDNN_POINTWISE_MAX);
TOPC_SAME(pointwise_relu, CUDNN_POINTWISE_RELU_FWD);
TOPC_SAME(pointwise_tanh, CUDNN_POINTWISE_TANH_FWD);
TOPC_SAME(pointwise_sigmoid, CUDNN_POINTWISE_SIGMOID_FWD);
TOPC_SAME(pointwise_elu, CUDNN_POINTWISE_ELU_FWD);
TOPC_SAME(pointwise_gelu, CUDNN_POINTWISE_GELU_FWD);
TOPC_SAME(pointwise_softplus, CUDNN_POINTWISE_SOFTPLUS_FWD);
TOPC_SAME(pointwise_swish, CUDNN_POINTWISE_SWISH_FWD);
TOPC_SAME(pointwise_gelu_by_tanh, CUDNN_POINTWISE_GELU_APPROX_TANH_FWD);
TOPC_SAME(heuristic_a, CUDNN_HEUR_MODE_A);
TOPC_SAME(note_tensor_core, CUDNN_NUMERICAL_NOTE_TENSOR_CORE);
TOPC_SAME(note_narrower_inputs, CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS);
TOPC_SAME(note_narrower_sums, CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION);
TOPC_SAME(note_nondeterministic, CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC);
// Plans for devices that are not there.
#if CUDNN_VERSION >= 90800
TOPC_SAME(graph_device, CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR);
TOPC_SAME(heuristic_device, CUDNN_ATTR_ENGINEHEUR_DEVICEPROP);
TOPC_SAME(plan_device, CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP);
TOPC_SAME(device_json, CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION);
#endif
#endif
