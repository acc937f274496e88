// cuDNN's graphs of operations on the host: a convolution of two spatial dims and element-wise operations behind it.
//
// STAND_IN_GRAPH says what this cuDNN refuses: `none` has no engine for any graph, `rows` none for tensors whose channels
// are not last, `plans` and `execution` fail later, `first` at the first engine's plan only.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include "../../src/abi_cudnn_graph.h"
#include "graph_program.h"

using namespace topc::abi;
using stand_in::dnn;
using stand_in::operation;
using stand_in::program;
using stand_in::tensor;
using stand_in::object_of;

namespace {

constexpr status bad_param = 2000;
constexpr status not_supported = 3000;

struct attribute {
  int type = -1;
  std::vector<unsigned char> bytes;
};

// Anything that is described: its attributes as they were set.
struct part {
  int kind = -1;
  bool final = false;
  std::map<int, attribute> set;
  // Of an engine, and of what it is offered as.
  int engine = -1;
  part *graph = nullptr;
};

// An engine: its number, and what it is like.
struct engine_kind {
  int index;
  std::vector<int> notes;
};

const std::vector<engine_kind> &engines() {
  static const std::vector<engine_kind> all{{1, {note_tensor_core, note_nondeterministic}},
                                            {2, {note_tensor_core, note_narrower_sums}},
                                            {3, {note_tensor_core, note_narrower_inputs}},
                                            {4, {note_tensor_core}},
                                            {8, {}},
                                            {7, {note_tensor_core}}};
  return all;
}

// The type that each attribute must be set with, and the bytes of a value of a type.
int type_of(int name) {
  static const std::map<int, int> types{
      {pointwise_mode, of_pointwise_mode},     {pointwise_precision, of_data_type},
      {pointwise_lower_slope, of_double},      {pointwise_elu_alpha, of_double},
      {pointwise_swish_beta, of_double},       {convolution_type, of_data_type},
      {convolution_mode, of_convolution_mode}, {convolution_dilations, of_int64},
      {convolution_strides, of_int64},         {convolution_pads_behind, of_int64},
      {convolution_pads_before, of_int64},     {convolution_rank, of_int64},
      {heuristic_mode, of_heuristic_mode},     {heuristic_graph, of_descriptor},
      {plan_handle, of_handle},                {plan_offer, of_descriptor},
      {convolve_alpha, of_float},              {convolve_beta, of_float},
      {convolve_convolution, of_descriptor},   {convolve_w, of_descriptor},
      {convolve_x, of_descriptor},             {convolve_y, of_descriptor},
      {apply_pointwise, of_descriptor},        {apply_x, of_descriptor},
      {apply_b, of_descriptor},                {apply_y, of_descriptor},
      {operations_handle, of_handle},          {operations_all, of_descriptor},
      {tensor_alignment, of_int64},            {tensor_type, of_data_type},
      {tensor_dims, of_int64},                 {tensor_strides, of_int64},
      {tensor_id, of_int64},                   {tensor_is_virtual, of_boolean},
      {tensor_is_by_value, of_boolean},        {pack_ids, of_int64},
      {pack_pointers, of_pointer},             {pack_workspace, of_pointer}};
  const auto found = types.find(name);
  return found == types.end() ? -1 : found->second;
}

std::size_t bytes_of_type(int type) {
  switch (type) {
    case of_boolean:
      return 1;
    case of_data_type:
    case of_float:
    case of_convolution_mode:
    case of_heuristic_mode:
    case of_note:
    case of_pointwise_mode:
      return 4;
    default:
      return 8;
  }
}

// What every descriptor of a kind must have before it is final.
const std::vector<int> &required(int kind) {
  static const std::map<int, std::vector<int>> all{
      {graph_pointwise, {pointwise_mode, pointwise_precision}},
      {graph_convolution,
       {convolution_type, convolution_mode, convolution_dilations, convolution_strides,
        convolution_pads_behind, convolution_pads_before, convolution_rank}},
      {graph_heuristic, {heuristic_mode, heuristic_graph}},
      {graph_plan_descriptor, {plan_handle, plan_offer}},
      {graph_convolve,
       {convolve_alpha, convolve_beta, convolve_convolution, convolve_w, convolve_x, convolve_y}},
      {graph_apply, {apply_pointwise, apply_x, apply_y}},
      {graph_operations, {operations_handle, operations_all}},
      {graph_variant_pack, {pack_ids, pack_pointers, pack_workspace}},
      {graph_tensor, {tensor_id, tensor_type, tensor_alignment, tensor_dims, tensor_strides}}};
  static const std::vector<int> none;
  const auto found = all.find(kind);
  return found == all.end() ? none : found->second;
}

template <typename Value> std::vector<Value> values(const part &of, int name) {
  const auto found = of.set.find(name);
  if (found == of.set.end()) {
    return {};
  }
  std::vector<Value> list(found->second.bytes.size() / sizeof(Value));
  std::memcpy(list.data(), found->second.bytes.data(), list.size() * sizeof(Value));
  return list;
}

template <typename Value> Value value(const part &of, int name, Value otherwise) {
  const std::vector<Value> list = values<Value>(of, name);
  return list.empty() ? otherwise : list.front();
}

part &part_of(cudnn_descriptor handle, const char *call) {
  stand_in::require_alive("graph part", handle, call);
  return object_of<part>(handle);
}

part *child(const part &of, int name) {
  auto *found = value<part *>(of, name, nullptr);
  return found == nullptr ? nullptr : &part_of(found, "a descriptor that another one names");
}

bool wishes(const char *what) {
  const char *wish = std::getenv("STAND_IN_GRAPH");
  return wish != nullptr && std::strcmp(wish, what) == 0;
}

tensor tensor_of(const part &described) {
  return {values<std::int64_t>(described, tensor_dims),
          values<std::int64_t>(described, tensor_strides),
          value(described, tensor_type, cudnn_f32),
          value<std::int64_t>(described, tensor_id, 0),
          value<unsigned char>(described, tensor_is_virtual, 0) != 0,
          value<unsigned char>(described, tensor_is_by_value, 0) != 0,
          nullptr,
          0};
}

std::int64_t note_tensor(program &into, const part *described) {
  if (described == nullptr) {
    return 0;
  }
  const tensor made = tensor_of(*described);
  into.tensors.emplace(made.id, made);
  return made.id;
}

program program_of(const part &graph) {
  program made;
  for (part *each : values<part *>(graph, operations_all)) {
    const part &described = part_of(each, "an operation");
    operation next;
    if (described.kind == graph_convolve) {
      const part &window = *child(described, convolve_convolution);
      made.pads = values<std::int64_t>(window, convolution_pads_before);
      made.strides = values<std::int64_t>(window, convolution_strides);
      made.dilations = values<std::int64_t>(window, convolution_dilations);
      next.x = note_tensor(made, child(described, convolve_x));
      made.w = note_tensor(made, child(described, convolve_w));
      next.y = note_tensor(made, child(described, convolve_y));
    } else {
      const part &pointwise = *child(described, apply_pointwise);
      next.mode = value(pointwise, pointwise_mode, -1);
      next.slope = value(pointwise, pointwise_lower_slope, 0.0);
      next.alpha = value(pointwise, pointwise_elu_alpha, 1.0);
      next.beta = value(pointwise, pointwise_swish_beta, 1.0);
      next.x = note_tensor(made, child(described, apply_x));
      next.b = note_tensor(made, child(described, apply_b));
      next.y = note_tensor(made, child(described, apply_y));
    }
    made.operations.push_back(next);
  }
  return made;
}

bool is_channels_last(const part &graph) {
  const program made = program_of(graph);
  return std::all_of(made.tensors.begin(), made.tensors.end(), [](const auto &each) {
    const tensor &of = each.second;
    return of.strides[1] == 1 || of.dims[1] == 1;
  });
}

// The engines for a graph.
std::vector<engine_kind> offers_for(const part &graph) {
  const bool refuses = wishes("none") || (wishes("rows") && !is_channels_last(graph));
  return refuses ? std::vector<engine_kind>{} : engines();
}

std::int64_t outputs_of(const part &graph) {
  const program made = program_of(graph);
  return made.tensors.at(made.w).dims[0];
}

template <typename Value>
status give(const std::vector<Value> &all, std::int64_t asked, std::int64_t *given, void *to) {
  *given = asked == 0 ? static_cast<std::int64_t>(all.size())
                      : std::min(asked, static_cast<std::int64_t>(all.size()));
  if (asked > 0) {
    std::memcpy(to, all.data(), static_cast<std::size_t>(*given) * sizeof(Value));
  }
  return 0;
}

// Fills engine configurations that the caller has made.
status give_offers(part &graph, std::int64_t asked, std::int64_t *given, void *to) {
  const std::vector<engine_kind> offers = offers_for(graph);
  *given = static_cast<std::int64_t>(offers.size());
  if (asked == 0) {
    return 0;
  }
  *given = std::min(asked, *given);
  for (std::int64_t i = 0; i < *given; i++) {
    part &offer = part_of(static_cast<cudnn_descriptor *>(to)[i], "cudnnBackendGetAttribute");
    offer.final = true;
    offer.graph = &graph;
    offer.engine = offers[static_cast<std::size_t>(i)].index;
  }
  return 0;
}

}  // namespace

extern "C" {

status cudnnBackendCreateDescriptor(int kind, cudnn_descriptor *made) {
  STAND_IN_CALL(cudnnBackendCreateDescriptor);
  const status done = stand_in::make<part>("graph part", made);
  object_of<part>(*made).kind = kind;
  return done;
}

status cudnnBackendDestroyDescriptor(cudnn_descriptor handle) {
  return stand_in::destroy<part>("graph part", handle);
}

status cudnnBackendSetAttribute(cudnn_descriptor handle, int name, int type, std::int64_t count,
                                const void *given) {
  STAND_IN_CALL(cudnnBackendSetAttribute);
  part &into = part_of(handle, "cudnnBackendSetAttribute");
  if (into.final || type != type_of(name) || given == nullptr) {
    return bad_param;
  }
  const auto *first = static_cast<const unsigned char *>(given);
  into.set[name] = {type, {first, first + static_cast<std::size_t>(count) * bytes_of_type(type)}};
  return 0;
}

status cudnnBackendFinalize(cudnn_descriptor handle) {
  STAND_IN_CALL(cudnnBackendFinalize);
  part &made = part_of(handle, "cudnnBackendFinalize");
  for (const int name : required(made.kind)) {
    if (made.set.count(name) == 0) {
      return bad_param;
    }
  }
  for (const auto &[name, set] : made.set) {
    for (part *each : set.type == of_descriptor ? values<part *>(made, name) : std::vector<part *>{}) {
      if (!part_of(each, "cudnnBackendFinalize").final) {
        return bad_param;
      }
    }
  }
  if (made.kind == graph_plan_descriptor) {
    const part &offer = *child(made, plan_offer);
    made.graph = offer.graph;
    made.engine = offer.engine;
    if (wishes("plans") || (wishes("first") && made.engine == 4)) {
      return not_supported;
    }
  }
  made.final = true;
  return 0;
}

status cudnnBackendGetAttribute(cudnn_descriptor handle, int name, int, std::int64_t asked,
                                std::int64_t *given, void *to) {
  STAND_IN_CALL(cudnnBackendGetAttribute);
  part &from = part_of(handle, "cudnnBackendGetAttribute");
  if (!from.final) {
    return bad_param;
  }
  switch (name) {
    case heuristic_results:
      return give_offers(*child(from, heuristic_graph), asked, given, to);
    case offer_engine: {
      part &engine = part_of(*static_cast<cudnn_descriptor *>(to), "cudnnBackendGetAttribute");
      engine.final = true;
      engine.engine = from.engine;
      *given = 1;
      return 0;
    }
    case engine_index:
      return give(std::vector<std::int64_t>{from.engine}, asked, given, to);
    case engine_notes: {
      const auto found = std::find_if(engines().begin(), engines().end(),
                                      [&](const engine_kind &each) { return each.index == from.engine; });
      return give(found->notes, asked, given, to);
    }
    case plan_workspace:
      return give(std::vector<std::int64_t>{128 * outputs_of(*from.graph)}, asked, given, to);
    default:
      return bad_param;
  }
}

status cudnnBackendExecute(cudnn_handle handle, cudnn_descriptor plan_handle_, cudnn_descriptor pack) {
  STAND_IN_CALL(cudnnBackendExecute);
  const part &plan = part_of(plan_handle_, "cudnnBackendExecute");
  const part &bound = part_of(pack, "cudnnBackendExecute");
  if (wishes("execution")) {
    return not_supported;
  }
  part &graph = part_of(plan.graph, "cudnnBackendExecute");
  program made = program_of(graph);
  const std::vector<std::int64_t> ids = values<std::int64_t>(bound, pack_ids);
  const std::vector<unsigned char *> pointers = values<unsigned char *>(bound, pack_pointers);
  const auto workspace = value<std::uint64_t>(bound, pack_workspace, 0);
  const auto bytes = static_cast<std::uint64_t>(128 * outputs_of(graph));
  if (!plan.final || !bound.final || ids.size() != pointers.size() ||
      stand_in::device_bytes(workspace, bytes) == nullptr) {
    return bad_param;
  }
  for (auto &[id, each] : made.tensors) {
    const auto found = std::find(ids.begin(), ids.end(), id);
    if (each.is_virtual ? found != ids.end() : found == ids.end()) {
      return bad_param;
    }
    unsigned char *pointer = each.is_virtual ? nullptr : pointers[static_cast<std::size_t>(found - ids.begin())];
    if (each.by_value) {
      // On the host, and read now.
      std::memcpy(&each.number, pointer, sizeof each.number);
    } else {
      each.memory = pointer;
    }
  }
  auto &on = *object_of<dnn>(handle).on;
  return stand_in::enqueue(on, node_kernel, stand_in::library_kernel("stand_in_graph", 8),
                           [made] { stand_in::compute(made); });
}

}  // extern "C"
