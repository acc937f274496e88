#include "conv_graph.h"

#include <algorithm>
#include <cstdio>
#include <iterator>

#include "conv_descriptors.h"

namespace topc {
namespace {

// Numbers of tensors, by which plans find them.
constexpr std::int64_t first_number = 100;
constexpr std::int64_t first_virtual = 200;

void check(abi::status status, const char *call) {
  if (status != 0) {
    throw failure(failure_code::cudnn_error, std::string(call) + " failed")
        .with("call", std::string(call))
        .with("status", static_cast<std::int64_t>(status));
  }
}

#define TOPC_GRAPH(api, name, ...) check((api).name(__VA_ARGS__), #name)

owned<abi::cudnn_descriptor> make_descriptor(const cudnn_graph_api &cudnn, int type) {
  abi::cudnn_descriptor made = nullptr;
  TOPC_GRAPH(cudnn, cudnnBackendCreateDescriptor, type, &made);
  return {made, cudnn.cudnnBackendDestroyDescriptor};
}

template <typename Value>
void set(const cudnn_graph_api &cudnn, abi::cudnn_descriptor of, int name, int type,
         const Value *values, std::size_t count = 1) {
  TOPC_GRAPH(cudnn, cudnnBackendSetAttribute, of, name, type, static_cast<std::int64_t>(count),
             values);
}

// Sets a list of integers.
void set_all(const cudnn_graph_api &cudnn, abi::cudnn_descriptor of, int name,
             const std::vector<int> &values) {
  const std::vector<std::int64_t> wide(values.begin(), values.end());
  set(cudnn, of, name, abi::of_int64, wide.data(), wide.size());
}

// Gets up to `asked` values and returns how many there are.
template <typename Value>
std::size_t get(const cudnn_graph_api &cudnn, abi::cudnn_descriptor of, int name, int type,
                Value *values, std::size_t asked) {
  std::int64_t given = 0;
  TOPC_GRAPH(cudnn, cudnnBackendGetAttribute, of, name, type, static_cast<std::int64_t>(asked),
             &given, values);
  return static_cast<std::size_t>(std::max<std::int64_t>(given, 0));
}

std::int64_t id_of(graph_operand which) { return static_cast<std::int64_t>(which) + 1; }

int bytes_multiple(const graph_alignments &alignments, graph_operand which) {
  return alignments[static_cast<std::size_t>(which)];
}

}  // namespace

conv_graph::conv_graph(const cudnn_graph_api &cudnn, const conv_spec &spec,
                       const graph_alignments &alignments, graph_target target)
    : cudnn_(cudnn), spec_(spec), alignments_(alignments), target_(target) {
  describe();
}

conv_graph::~conv_graph() {
  while (!parts_.empty()) {
    parts_.pop_back();
  }
}

abi::cudnn_descriptor conv_graph::make(int type) {
  parts_.push_back(make_descriptor(cudnn_, type));
  return parts_.back().get();
}

abi::cudnn_descriptor conv_graph::tensor(std::int64_t id, const std::vector<int> &dims,
                                         const std::vector<int> &strides, int alignment, int type,
                                         bool is_virtual) {
  const abi::cudnn_descriptor made = make(abi::graph_tensor);
  const std::int64_t bytes = alignment;
  set(cudnn_, made, abi::tensor_id, abi::of_int64, &id);
  set(cudnn_, made, abi::tensor_type, abi::of_data_type, &type);
  set(cudnn_, made, abi::tensor_alignment, abi::of_int64, &bytes);
  set_all(cudnn_, made, abi::tensor_dims, dims);
  set_all(cudnn_, made, abi::tensor_strides, strides);
  set(cudnn_, made, abi::tensor_is_virtual, abi::of_boolean, &is_virtual);
  return made;
}

abi::cudnn_descriptor conv_graph::operand(graph_operand which, const std::vector<int> &dims,
                                          int channels) {
  const abi::cudnn_descriptor made =
      tensor(id_of(which), dims, strides_of(dims, spec_.channels_last, channels),
             bytes_multiple(alignments_, which), cudnn_type(spec_.dtype), false);
  TOPC_GRAPH(cudnn_, cudnnBackendFinalize, made);
  return made;
}

// A result that stays on the multiprocessors, in f32.
abi::cudnn_descriptor conv_graph::between() {
  const std::vector<int> &dims = spec_.y.dims;
  const abi::cudnn_descriptor made =
      tensor(first_virtual + virtuals_++, dims, strides_of(dims, spec_.channels_last, dims[1]),
             static_cast<int>(sizeof(float)), abi::cudnn_f32, true);
  TOPC_GRAPH(cudnn_, cudnnBackendFinalize, made);
  return made;
}

abi::cudnn_descriptor conv_graph::number(double value) {
  const std::vector<int> ones(spec_.y.dims.size(), 1);
  const std::int64_t id = first_number + static_cast<std::int64_t>(numbers_.size());
  numbers_.push_back(std::make_unique<float>(static_cast<float>(value)));
  const abi::cudnn_descriptor made =
      tensor(id, ones, ones, static_cast<int>(sizeof(float)), abi::cudnn_f32, false);
  const bool by_value = true;
  set(cudnn_, made, abi::tensor_is_by_value, abi::of_boolean, &by_value);
  TOPC_GRAPH(cudnn_, cudnnBackendFinalize, made);
  return made;
}

abi::cudnn_descriptor conv_graph::convolve() {
  const abi::cudnn_descriptor window = make(abi::graph_convolution);
  const int type = abi::cudnn_f32;
  const int mode = abi::cudnn_cross_correlation;
  const auto rank = static_cast<std::int64_t>(spec_.pads.size());
  set(cudnn_, window, abi::convolution_type, abi::of_data_type, &type);
  set(cudnn_, window, abi::convolution_mode, abi::of_convolution_mode, &mode);
  set(cudnn_, window, abi::convolution_rank, abi::of_int64, &rank);
  set_all(cudnn_, window, abi::convolution_pads_before, spec_.pads);
  set_all(cudnn_, window, abi::convolution_pads_behind, spec_.pads);
  set_all(cudnn_, window, abi::convolution_strides, spec_.strides);
  set_all(cudnn_, window, abi::convolution_dilations, spec_.dilations);
  TOPC_GRAPH(cudnn_, cudnnBackendFinalize, window);
  const abi::cudnn_descriptor x = operand(graph_operand::x, spec_.x.dims, spec_.x.dims[1]);
  const abi::cudnn_descriptor w = operand(graph_operand::w, spec_.w.dims, spec_.w.dims[1]);
  const abi::cudnn_descriptor made = between();
  const abi::cudnn_descriptor convolution = make(abi::graph_convolve);
  const float one = 1;
  const float zero = 0;
  set(cudnn_, convolution, abi::convolve_alpha, abi::of_float, &one);
  set(cudnn_, convolution, abi::convolve_beta, abi::of_float, &zero);
  set(cudnn_, convolution, abi::convolve_convolution, abi::of_descriptor, &window);
  set(cudnn_, convolution, abi::convolve_x, abi::of_descriptor, &x);
  set(cudnn_, convolution, abi::convolve_w, abi::of_descriptor, &w);
  set(cudnn_, convolution, abi::convolve_y, abi::of_descriptor, &made);
  TOPC_GRAPH(cudnn_, cudnnBackendFinalize, convolution);
  operations_.push_back(convolution);
  return made;
}

void conv_graph::apply(const graph_step &step, abi::cudnn_descriptor from,
                       abi::cudnn_descriptor other, abi::cudnn_descriptor to) {
  const abi::cudnn_descriptor pointwise = make(abi::graph_pointwise);
  const int precision = abi::cudnn_f32;
  set(cudnn_, pointwise, abi::pointwise_mode, abi::of_pointwise_mode, &step.mode);
  set(cudnn_, pointwise, abi::pointwise_precision, abi::of_data_type, &precision);
  if (step.attribute) {
    set(cudnn_, pointwise, *step.attribute, abi::of_double, &step.value);
  }
  TOPC_GRAPH(cudnn_, cudnnBackendFinalize, pointwise);
  const abi::cudnn_descriptor operation = make(abi::graph_apply);
  set(cudnn_, operation, abi::apply_pointwise, abi::of_descriptor, &pointwise);
  set(cudnn_, operation, abi::apply_x, abi::of_descriptor, &from);
  if (other != nullptr) {
    set(cudnn_, operation, abi::apply_b, abi::of_descriptor, &other);
  }
  set(cudnn_, operation, abi::apply_y, abi::of_descriptor, &to);
  TOPC_GRAPH(cudnn_, cudnnBackendFinalize, operation);
  operations_.push_back(operation);
}

// Convolution, bias, addition, ReLU, function, addition: each reads what the one before it makes.
void conv_graph::describe() {
  struct one {
    graph_step step;
    abi::cudnn_descriptor other;
  };
  const behind_spec &behind = *spec_.behind;
  const std::vector<int> &dims = spec_.y.dims;
  const abi::cudnn_descriptor convolved = convolve();
  const auto plain = [](int mode, abi::cudnn_descriptor other) {
    return one{{mode, step_operand::none, 0, std::nullopt, 0}, other};
  };
  const auto add = [&](abi::cudnn_descriptor other) { return plain(abi::pointwise_add, other); };
  std::vector<one> rest;
  if (spec_.bias) {
    std::vector<int> channels(dims.size(), 1);
    channels[1] = dims[1];
    rest.push_back(add(operand(graph_operand::bias, channels, dims[1])));
  }
  if (spec_.residual) {
    rest.push_back(add(operand(graph_operand::residual, dims, dims[1])));
  }
  if (spec_.relu) {
    rest.push_back(plain(abi::pointwise_relu, nullptr));
  }
  const std::size_t first = rest.size();
  const std::vector<graph_step> steps =
      behind.function ? steps_of(*behind.function) : std::vector<graph_step>();
  for (const graph_step &step : steps) {
    rest.push_back({step, step.operand == step_operand::number ? number(step.number) : nullptr});
  }
  if (behind.residual) {
    rest.push_back(add(operand(graph_operand::added, dims, dims[1])));
  }
  const abi::cudnn_descriptor y =
      operand(graph_operand::y, dims, std::max(behind.y.channels, dims[1]));
  abi::cudnn_descriptor value = convolved;
  abi::cudnn_descriptor at_first = convolved;
  for (std::size_t i = 0; i < rest.size(); i++) {
    at_first = i == first ? value : at_first;
    const abi::cudnn_descriptor to = i + 1 == rest.size() ? y : between();
    const bool takes_first = rest[i].step.operand == step_operand::first;
    apply(rest[i].step, value, takes_first ? at_first : rest[i].other, to);
    value = to;
  }
  graph_ = make(abi::graph_operations);
  if (target_.handle != nullptr) {
    set(cudnn_, graph_, abi::operations_handle, abi::of_handle, &target_.handle);
  }
  set(cudnn_, graph_, abi::operations_all, abi::of_descriptor, operations_.data(),
      operations_.size());
  TOPC_GRAPH(cudnn_, cudnnBackendFinalize, graph_);
}

std::vector<abi::cudnn_descriptor> conv_graph::offers() {
  const abi::cudnn_descriptor heuristic = make(abi::graph_heuristic);
  const int mode = abi::heuristic_a;
  set(cudnn_, heuristic, abi::heuristic_graph, abi::of_descriptor, &graph_);
  set(cudnn_, heuristic, abi::heuristic_mode, abi::of_heuristic_mode, &mode);
  if (target_.device != nullptr) {
    set(cudnn_, heuristic, abi::heuristic_device, abi::of_descriptor, &target_.device);
  }
  TOPC_GRAPH(cudnn_, cudnnBackendFinalize, heuristic);
  abi::cudnn_descriptor *nowhere = nullptr;
  const std::size_t most =
      get(cudnn_, heuristic, abi::heuristic_results, abi::of_descriptor, nowhere, 0);
  std::vector<abi::cudnn_descriptor> offered;
  for (std::size_t i = 0; i < most; i++) {
    offered.push_back(make(abi::graph_offer));
  }
  const std::size_t given = most == 0 ? 0
                                      : get(cudnn_, heuristic, abi::heuristic_results,
                                            abi::of_descriptor, offered.data(), most);
  offered.resize(std::min(given, most));
  std::vector<abi::cudnn_descriptor> allowed;
  std::copy_if(offered.begin(), offered.end(), std::back_inserter(allowed),
               [&](abi::cudnn_descriptor offer) {
                 const owned<abi::cudnn_descriptor> engine = engine_of(offer);
                 return is_allowed(engine.get());
               });
  return allowed;
}

owned<abi::cudnn_descriptor> conv_graph::engine_of(abi::cudnn_descriptor offer) const {
  owned<abi::cudnn_descriptor> engine = make_descriptor(cudnn_, abi::graph_engine);
  abi::cudnn_descriptor handle = engine.get();
  (void)get(cudnn_, offer, abi::offer_engine, abi::of_descriptor, &handle, 1);
  return engine;
}

bool conv_graph::is_allowed(abi::cudnn_descriptor engine) const {
  std::array<int, abi::note_kinds> notes{};
  const std::size_t given = std::min(
      notes.size(),
      get(cudnn_, engine, abi::engine_notes, abi::of_note, notes.data(), notes.size()));
  const auto has = [&](int note) {
    return std::find(notes.begin(), notes.begin() + static_cast<std::ptrdiff_t>(given), note) !=
           notes.begin() + static_cast<std::ptrdiff_t>(given);
  };
  const bool is_full = spec_.dtype == data_type::f32 && spec_.math == math_mode::ieee;
  const bool narrows = spec_.dtype == data_type::f32 && has(abi::note_narrower_inputs);
  return !has(abi::note_nondeterministic) && !has(abi::note_narrower_sums) && !narrows &&
         has(abi::note_tensor_core) != is_full;
}

graph_plan conv_graph::plan_of(abi::cudnn_descriptor offer) const {
  graph_plan made;
  made.graph = shared_from_this();
  made.plan = make_descriptor(cudnn_, abi::graph_plan_descriptor);
  const abi::cudnn_descriptor plan = made.plan.get();
  if (target_.handle != nullptr) {
    set(cudnn_, plan, abi::plan_handle, abi::of_handle, &target_.handle);
  }
  set(cudnn_, plan, abi::plan_offer, abi::of_descriptor, &offer);
  if (target_.device != nullptr) {
    set(cudnn_, plan, abi::plan_device, abi::of_descriptor, &target_.device);
  }
  TOPC_GRAPH(cudnn_, cudnnBackendFinalize, plan);
  std::int64_t bytes = 0;
  (void)get(cudnn_, plan, abi::plan_workspace, abi::of_int64, &bytes, 1);
  made.workspace_bytes = static_cast<std::uint64_t>(std::max<std::int64_t>(bytes, 0));
  const owned<abi::cudnn_descriptor> engine = engine_of(offer);
  (void)get(cudnn_, engine.get(), abi::engine_index, abi::of_int64, &made.engine, 1);
  return made;
}

owned<abi::cudnn_descriptor> conv_graph::bound(const std::array<void *, graph_operands> &operands,
                                               void *workspace) const {
  std::vector<std::int64_t> ids;
  std::vector<void *> pointers;
  for (std::size_t i = 0; i < graph_operands; i++) {
    if (operands[i] != nullptr) {
      ids.push_back(id_of(static_cast<graph_operand>(i)));
      pointers.push_back(operands[i]);
    }
  }
  for (std::size_t i = 0; i < numbers_.size(); i++) {
    ids.push_back(first_number + static_cast<std::int64_t>(i));
    pointers.push_back(numbers_[i].get());
  }
  owned<abi::cudnn_descriptor> pack = make_descriptor(cudnn_, abi::graph_variant_pack);
  set(cudnn_, pack.get(), abi::pack_ids, abi::of_int64, ids.data(), ids.size());
  set(cudnn_, pack.get(), abi::pack_pointers, abi::of_pointer, pointers.data(), pointers.size());
  set(cudnn_, pack.get(), abi::pack_workspace, abi::of_pointer, &workspace);
  TOPC_GRAPH(cudnn_, cudnnBackendFinalize, pack.get());
  return pack;
}

std::string key_of(const conv_spec &spec, const graph_alignments &alignments) {
  std::string key;
  const auto note = [&](std::int64_t value) { key += std::to_string(value) + ","; };
  const auto note_all = [&](const std::vector<int> &values) {
    std::for_each(values.begin(), values.end(), note);
    key += ";";
  };
  for (const std::vector<int> *values :
       {&spec.x.dims, &spec.w.dims, &spec.y.dims, &spec.pads, &spec.strides, &spec.dilations}) {
    note_all(*values);
  }
  note_all({alignments.begin(), alignments.end()});
  for (const int value :
       {spec.groups, spec.behind->y.channels, static_cast<int>(spec.channels_last),
        static_cast<int>(spec.dtype), static_cast<int>(spec.math), static_cast<int>(spec.relu)}) {
    note(value);
  }
  note(static_cast<std::int64_t>(spec.workspace_limit));
  if (const auto &function = spec.behind->function) {
    note(static_cast<int>(function->what));
    for (const double number : function->numbers) {
      char text[32];
      std::snprintf(text, sizeof text, "%.17g,", number);
      key += text;
    }
  }
  return key;
}

}  // namespace topc
