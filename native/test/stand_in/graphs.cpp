// The driver's captured graphs, and the table of all its functions.
#include <cstdlib>
#include <cstring>

#include "engine.h"

using namespace topc::abi;
using stand_in::object_of;
using stand_in::require_alive;

namespace {

// A driver gives another function for another interface; this one knows those that are declared, and
// gives the older one to who asks for more than it has, as drivers do.
bool is_declared(int interface, int since) {
  return interface == driver_interface ? since <= interface : since == interface;
}

int version() {
  int known = 0;
  cuDriverGetVersion(&known);
  return known;
}

// Copies what a node depends on, as far as there is room.
void copy_before(const stand_in::graph_node &node, graph_node *before, std::size_t *count) {
  for (std::size_t i = 0; before != nullptr && i < node.after.size() && i < *count; i++) {
    before[i] = reinterpret_cast<graph_node>(node.after[i]);
  }
  *count = node.after.size();
}

}  // namespace

extern "C" {

status cuGraphInstantiateWithFlags(graph_exec *made, graph handle, unsigned long long flags) {
  STAND_IN_CALL(cuGraphInstantiateWithFlags);
  require_alive("graph", handle, "cuGraphInstantiateWithFlags");
  if (flags != 0 && flags != instantiate_with_priorities) {
    return cuda_invalid_value;
  }
  // Keeps the nodes when the graph is destroyed.
  auto copy = std::make_shared<stand_in::graph>();
  copy->keeps_priorities = flags == instantiate_with_priorities;
  std::map<const stand_in::graph_node *, stand_in::graph_node *> copies;
  for (const auto &node : object_of<stand_in::graph>(handle).nodes) {
    copy->nodes.push_back(std::make_unique<stand_in::graph_node>(*node));
    copies[node.get()] = copy->nodes.back().get();
    for (stand_in::graph_node *&before : copy->nodes.back()->after) {
      before = copies.at(before);
    }
  }
  for (const auto &[original, own] : copies) {
    copy->of_original[original] = own;
  }
  auto *object = new std::shared_ptr<stand_in::graph>(std::move(copy));
  stand_in::born("graph exec", object);
  *made = reinterpret_cast<graph_exec>(object);
  return 0;
}

status cuGraphNodeSetEnabled(graph_exec handle, graph_node node, unsigned is_enabled) {
  STAND_IN_CALL(cuGraphNodeSetEnabled);
  require_alive("graph exec", handle, "cuGraphNodeSetEnabled");
  const auto &held = object_of<std::shared_ptr<stand_in::graph>>(handle)->of_original;
  const auto found = held.find(&object_of<stand_in::graph_node>(node));
  if (found == held.end() || found->second->type != node_kernel) {
    return cuda_invalid_value;
  }
  found->second->disabled = is_enabled == 0;
  return 0;
}

status cuGraphUpload(graph_exec handle, stream) {
  STAND_IN_CALL(cuGraphUpload);
  require_alive("graph exec", handle, "cuGraphUpload");
  return 0;
}

status cuGraphExecDestroy(graph_exec handle) {
  stand_in::died("graph exec", handle);
  delete &object_of<std::shared_ptr<stand_in::graph>>(handle);
  return 0;
}

status cuGraphDestroy(graph handle) {
  stand_in::died("graph", handle);
  delete &object_of<stand_in::graph>(handle);
  return 0;
}

status cuGraphGetNodes(graph handle, graph_node *nodes, std::size_t *count) {
  STAND_IN_CALL(cuGraphGetNodes);
  require_alive("graph", handle, "cuGraphGetNodes");
  const auto &held = object_of<stand_in::graph>(handle).nodes;
  // Last first: no order is promised.
  for (std::size_t i = 0; nodes != nullptr && i < held.size() && i < *count; i++) {
    nodes[i] = reinterpret_cast<graph_node>(held[held.size() - 1 - i].get());
  }
  *count = held.size();
  return 0;
}

status cuGraphNodeGetDependencies(graph_node handle, graph_node *before, std::size_t *count) {
  STAND_IN_CALL(cuGraphNodeGetDependencies);
  const auto &node = object_of<stand_in::graph_node>(handle);
  if (node.early && !node.after.empty()) {
    return cuda_lossy_query;
  }
  copy_before(node, before, count);
  return 0;
}

status cuGraphNodeGetDependencies_v2(graph_node handle, graph_node *before, graph_edge *edges,
                                     std::size_t *count) {
  STAND_IN_CALL(cuGraphNodeGetDependencies_v2);
  const auto &node = object_of<stand_in::graph_node>(handle);
  if (node.early && before != nullptr && edges == nullptr) {
    return cuda_lossy_query;
  }
  for (std::size_t i = 0; edges != nullptr && i < node.after.size() && i < *count; i++) {
    edges[i] = {};
    edges[i].type = node.early ? 1 : 0;
  }
  copy_before(node, before, count);
  return 0;
}

status cuGraphNodeGetType(graph_node handle, int *type) {
  STAND_IN_CALL(cuGraphNodeGetType);
  *type = object_of<stand_in::graph_node>(handle).type;
  return 0;
}

status cuGraphKernelNodeGetParams(graph_node handle, kernel_node_params *params) {
  STAND_IN_CALL(cuGraphKernelNodeGetParams);
  const stand_in::kernel_shape &shape = object_of<stand_in::graph_node>(handle).shape;
  *params = {};
  params->func = shape.library ? nullptr : shape.function;
  params->kern = shape.library ? reinterpret_cast<kernel>(shape.function) : nullptr;
  params->grid_x = shape.grid[0];
  params->grid_y = shape.grid[1];
  params->grid_z = shape.grid[2];
  params->block_x = shape.block[0];
  params->block_y = shape.block[1];
  params->block_z = shape.block[2];
  params->shared_bytes = shape.shared;
  return 0;
}

status cuKernelGetFunction(function *found, kernel handle) {
  STAND_IN_CALL(cuKernelGetFunction);
  if (handle == nullptr) {
    return cuda_invalid_value;
  }
  *found = reinterpret_cast<function>(handle);
  return 0;
}

status cuGetProcAddress_v2(const char *symbol, void **found, int interface, std::uint64_t, int *) {
  const char *hidden = std::getenv("STAND_IN_LACKS");
  *found = nullptr;
  const auto is_hidden = [hidden](const char *name) {
    return hidden != nullptr && std::strcmp(hidden, name) == 0;
  };
  // More than it has: what it has.
  const int asked = interface > version() ? driver_interface : interface;
#define STAND_IN_FIND(name, symbol_of_it, since, args)                            \
  if (std::strcmp(symbol, symbol_of_it) == 0 && is_declared(asked, since) &&      \
      !is_hidden(#name)) {                                                        \
    *found = reinterpret_cast<void *>(static_cast<name##_t>(&topc::abi::name));   \
    return 0;                                                                     \
  }
#define STAND_IN_FIND_REQUIRED(name, since, args) STAND_IN_FIND(name, #name, since, args)
#define STAND_IN_FIND_OPTIONAL(name, symbol_of_it, since, args) \
  STAND_IN_FIND(name, #symbol_of_it, since, args)
  TOPC_DRIVER_FUNCTIONS(STAND_IN_FIND_REQUIRED)
  TOPC_DRIVER_OPTIONAL_FUNCTIONS(STAND_IN_FIND_OPTIONAL)
#undef STAND_IN_FIND_OPTIONAL
#undef STAND_IN_FIND_REQUIRED
#undef STAND_IN_FIND
  return cuda_not_found;
}

}  // extern "C"
