// The part of cuDNN that builds operation graphs from descriptors, as far as the helper uses it.
#pragma once

#include "abi_types.h"

namespace topc::abi {

// Points to anything that is described: a tensor, an operation, a plan.
using cudnn_descriptor = void *;

// cudnnBackendDescriptorType_t
inline constexpr int graph_pointwise = 0;
inline constexpr int graph_convolution = 1;
inline constexpr int graph_engine = 2;
inline constexpr int graph_offer = 3;
inline constexpr int graph_heuristic = 4;
inline constexpr int graph_plan_descriptor = 5;
inline constexpr int graph_convolve = 10;
inline constexpr int graph_apply = 13;
inline constexpr int graph_operations = 15;
inline constexpr int graph_variant_pack = 16;
inline constexpr int graph_tensor = 17;
inline constexpr int graph_device = 38;

// cudnnBackendAttributeName_t
inline constexpr int pointwise_mode = 0;
inline constexpr int pointwise_precision = 1;
inline constexpr int pointwise_lower_slope = 5;
inline constexpr int pointwise_elu_alpha = 6;
inline constexpr int pointwise_swish_beta = 8;
inline constexpr int convolution_type = 100;
inline constexpr int convolution_mode = 101;
inline constexpr int convolution_dilations = 102;
inline constexpr int convolution_strides = 103;
inline constexpr int convolution_pads_behind = 104;
inline constexpr int convolution_pads_before = 105;
inline constexpr int convolution_rank = 106;
inline constexpr int heuristic_mode = 200;
inline constexpr int heuristic_graph = 201;
inline constexpr int heuristic_results = 202;
inline constexpr int heuristic_device = 204;
inline constexpr int offer_engine = 300;
inline constexpr int plan_handle = 400;
inline constexpr int plan_offer = 401;
inline constexpr int plan_workspace = 402;
inline constexpr int plan_device = 407;
inline constexpr int convolve_alpha = 700;
inline constexpr int convolve_beta = 701;
inline constexpr int convolve_convolution = 702;
inline constexpr int convolve_w = 703;
inline constexpr int convolve_x = 704;
inline constexpr int convolve_y = 705;
inline constexpr int apply_pointwise = 750;
inline constexpr int apply_x = 751;
inline constexpr int apply_b = 752;
inline constexpr int apply_y = 753;
inline constexpr int operations_handle = 800;
inline constexpr int operations_all = 801;
inline constexpr int tensor_alignment = 900;
inline constexpr int tensor_type = 901;
inline constexpr int tensor_dims = 902;
inline constexpr int tensor_strides = 903;
inline constexpr int tensor_id = 906;
inline constexpr int tensor_is_virtual = 907;
inline constexpr int tensor_is_by_value = 908;
inline constexpr int pack_ids = 1000;
inline constexpr int pack_pointers = 1001;
inline constexpr int pack_workspace = 1003;
inline constexpr int engine_index = 1301;
inline constexpr int engine_notes = 1303;
inline constexpr int device_json = 2702;

// cudnnBackendAttributeType_t
inline constexpr int of_handle = 0;
inline constexpr int of_data_type = 1;
inline constexpr int of_boolean = 2;
inline constexpr int of_int64 = 3;
inline constexpr int of_float = 4;
inline constexpr int of_double = 5;
inline constexpr int of_pointer = 6;
inline constexpr int of_convolution_mode = 7;
inline constexpr int of_heuristic_mode = 8;
inline constexpr int of_note = 11;
inline constexpr int of_pointwise_mode = 14;
inline constexpr int of_descriptor = 15;
inline constexpr int of_char = 24;

// cudnnPointwiseMode_t
inline constexpr int pointwise_add = 0;
inline constexpr int pointwise_multiply = 1;
inline constexpr int pointwise_min = 2;
inline constexpr int pointwise_max = 3;
inline constexpr int pointwise_relu = 100;
inline constexpr int pointwise_tanh = 101;
inline constexpr int pointwise_sigmoid = 102;
inline constexpr int pointwise_elu = 103;
inline constexpr int pointwise_gelu = 104;
inline constexpr int pointwise_softplus = 105;
inline constexpr int pointwise_swish = 106;
inline constexpr int pointwise_gelu_by_tanh = 107;

// cudnnBackendHeurMode_t, cudnnBackendNumericalNote_t
inline constexpr int heuristic_a = 3;
inline constexpr int note_tensor_core = 0;
inline constexpr int note_narrower_inputs = 1;
inline constexpr int note_narrower_sums = 2;
inline constexpr int note_nondeterministic = 4;
inline constexpr int note_kinds = 10;

}  // namespace topc::abi

#define TOPC_CUDNN_GRAPH_FUNCTIONS(X)                                                             \
  X(cudnnBackendCreateDescriptor, status, (int type, cudnn_descriptor *descriptor))               \
  X(cudnnBackendDestroyDescriptor, status, (cudnn_descriptor descriptor))                         \
  X(cudnnBackendSetAttribute, status,                                                             \
    (cudnn_descriptor descriptor, int name, int type, std::int64_t count, const void *values))    \
  X(cudnnBackendFinalize, status, (cudnn_descriptor descriptor))                                  \
  X(cudnnBackendGetAttribute, status,                                                             \
    (cudnn_descriptor descriptor, int name, int type, std::int64_t asked, std::int64_t *given,    \
     void *values))                                                                               \
  X(cudnnBackendExecute, status,                                                                  \
    (cudnn_handle handle, cudnn_descriptor plan, cudnn_descriptor pack))

namespace topc::abi {

#define TOPC_DECLARE(name, result, args) using name##_t = result(*) args;
TOPC_CUDNN_GRAPH_FUNCTIONS(TOPC_DECLARE)
#undef TOPC_DECLARE

}  // namespace topc::abi
