// Reads the kernels of a graph.
//
// A node is captured alone; the graph's kernel nodes then carry grid, thread block and dynamic
// shared memory, and name a function, of which the driver reports registers, static shared and
// spilled memory, and how many thread blocks fit a multiprocessor. This requires the driver's own
// interface: the runtime's refuses the kernels of other libraries. A node names its kernel as
// function or, when that is null, as library kernel; both are read.
#include "kernel_facts.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "stopwatch.h"

namespace topc {
namespace {

std::vector<abi::graph_node> nodes_of(const driver_api &driver, abi::graph graph) {
  std::size_t count = 0;
  TOPC_CUDA(driver, cuGraphGetNodes, graph, nullptr, &count);
  std::vector<abi::graph_node> nodes(count);
  if (count > 0) {
    TOPC_CUDA(driver, cuGraphGetNodes, graph, nodes.data(), &count);
    nodes.resize(count);
  }
  return nodes;
}

// The dependencies of a node; nothing when the driver refuses to report them. Libraries launch
// kernels that start before the one before them has ended; such an edge is reported only together
// with the edges' data, and drivers older than 12.3 cannot report it.
std::optional<std::vector<abi::graph_node>> nodes_before(const driver_api &driver,
                                                         abi::graph_node node) {
  std::vector<abi::graph_edge> edges;
  const auto ask = [&](abi::graph_node *before, std::size_t &count) {
    return driver.cuGraphNodeGetDependencies_v2 == nullptr
               ? driver.cuGraphNodeGetDependencies(node, before, &count)
               : driver.cuGraphNodeGetDependencies_v2(
                     node, before, before == nullptr ? nullptr : edges.data(), &count);
  };
  std::size_t count = 0;
  if (ask(nullptr, count) != abi::cuda_success) {
    return std::nullopt;
  }
  std::vector<abi::graph_node> before(count);
  edges.resize(count);
  if (count > 0 && ask(before.data(), count) != abi::cuda_success) {
    return std::nullopt;
  }
  before.resize(count);
  return before;
}

struct ordered_nodes {
  std::vector<abi::graph_node> nodes;
  // Whether the driver told all dependencies.
  bool is_known = false;
};

// The driver gives nodes in no promised order: sorted so that each comes after those it depends on;
// among the ready ones, and those of unknown dependencies, in the driver's order.
ordered_nodes in_order(const driver_api &driver, abi::graph graph) {
  std::vector<abi::graph_node> left = nodes_of(driver, graph);
  std::vector<std::vector<abi::graph_node>> before;
  for (abi::graph_node each : left) {
    std::optional<std::vector<abi::graph_node>> known = nodes_before(driver, each);
    if (!known) {
      return {left, false};
    }
    before.push_back(std::move(*known));
  }
  std::vector<abi::graph_node> sorted;
  const auto is_sorted = [&](abi::graph_node each) {
    return std::find(sorted.begin(), sorted.end(), each) != sorted.end();
  };
  while (sorted.size() < left.size()) {
    const std::size_t had = sorted.size();
    for (std::size_t i = 0; i < left.size(); i++) {
      if (!is_sorted(left[i]) && std::all_of(before[i].begin(), before[i].end(), is_sorted)) {
        sorted.push_back(left[i]);
      }
    }
    if (sorted.size() == had) {
      throw failure(failure_code::internal, "a captured graph has a cycle");
    }
  }
  return {sorted, true};
}

abi::function function_of(const driver_api &driver, const abi::kernel_node_params &params) {
  if (params.func != nullptr) {
    return params.func;
  }
  abi::function function = nullptr;
  TOPC_CUDA(driver, cuKernelGetFunction, &function, params.kern);
  return function;
}

kernel_facts facts_of(const driver_api &driver, abi::graph_node node) {
  abi::kernel_node_params params{};
  TOPC_CUDA(driver, cuGraphKernelNodeGetParams, node, &params);
  const abi::function function = function_of(driver, params);
  const auto attribute = [&](int which) {
    int value = 0;
    TOPC_CUDA(driver, cuFuncGetAttribute, &value, which, function);
    return value;
  };
  kernel_facts facts;
  const char *name = nullptr;
  if (driver.cuFuncGetName != nullptr &&
      driver.cuFuncGetName(&name, function) == abi::cuda_success && name != nullptr) {
    facts.name = name;
  }
  facts.grid = {params.grid_x, params.grid_y, params.grid_z};
  facts.block = {params.block_x, params.block_y, params.block_z};
  facts.registers = attribute(abi::function_registers);
  facts.static_shared = attribute(abi::function_static_shared);
  facts.dynamic_shared = params.shared_bytes;
  facts.local_bytes = attribute(abi::function_local_bytes);
  const unsigned threads = params.block_x * params.block_y * params.block_z;
  int blocks = 0;
  // The driver refuses it for kernels that run in clusters.
  if (driver.cuOccupancyMaxActiveBlocksPerMultiprocessor(
          &blocks, function, static_cast<int>(threads), params.shared_bytes) ==
      abi::cuda_success) {
    facts.resident_blocks = blocks;
  }
  return facts;
}

node_kernels read_node(const machine &on, const node &each) {
  const stream_slot &slot = on.slots.at(0);
  const owned<abi::graph> graph =
      capture(on.driver, slot.stream.get(), [&] { each.launch(slot); });
  node_kernels found;
  for (abi::graph_node part : in_order(on.driver, graph.get()).nodes) {
    int type = 0;
    TOPC_CUDA(on.driver, cuGraphNodeGetType, part, &type);
    if (type == abi::node_kernel) {
      found.kernels.push_back(facts_of(on.driver, part));
    } else if (type == abi::node_memcpy || type == abi::node_memset) {
      found.transfers++;
    }
  }
  return found;
}

// The kernel nodes of a graph, in launch order; empty when that is not known.
std::vector<abi::graph_node> kernels_in_order(const driver_api &driver, abi::graph graph) {
  const ordered_nodes all = in_order(driver, graph);
  std::vector<abi::graph_node> kernels;
  for (abi::graph_node each : all.nodes) {
    int type = 0;
    TOPC_CUDA(driver, cuGraphNodeGetType, each, &type);
    if (type == abi::node_kernel && all.is_known) {
      kernels.push_back(each);
    }
  }
  return kernels;
}

// By kernel of a node and round: the time of a copy up to its end.
std::vector<std::vector<double>> time_prefixes(const machine &on, const node &each,
                                               std::size_t kernels, const kernels_request &asked) {
  const stream_slot &slot = on.slots.at(0);
  const owned<abi::graph> graph = capture(on.driver, slot.stream.get(), [&] {
    for (int i = 0; i < asked.repeat; i++) {
      each.launch(slot);
    }
  });
  const std::vector<abi::graph_node> nodes = kernels_in_order(on.driver, graph.get());
  // A library may choose other kernels from time to time: then there is nothing to compare.
  if (nodes.size() != kernels * static_cast<std::size_t>(asked.repeat)) {
    return {};
  }
  abi::graph_exec made = nullptr;
  TOPC_CUDA(on.driver, cuGraphInstantiateWithFlags, &made, graph.get(), 0);
  const owned<abi::graph_exec> exec(made, on.driver.cuGraphExecDestroy);
  const stopwatch watch(on);
  std::vector<std::vector<double>> samples(kernels);
  for (int round = 0; round <= asked.rounds; round++) {
    for (std::size_t last = 0; last < kernels; last++) {
      for (std::size_t i = 0; i < nodes.size(); i++) {
        TOPC_CUDA(on.driver, cuGraphNodeSetEnabled, made, nodes[i], i % kernels <= last ? 1U : 0U);
      }
      const timed_work took = watch.time(
          [&] { TOPC_CUDA(on.driver, cuGraphLaunch, made, slot.stream.get()); });
      // The first round warms up.
      if (round > 0) {
        samples[last].push_back(took.device_us / asked.repeat);
      }
    }
  }
  return samples;
}

void time_kernels(const machine &on, const kernels_request &asked, kernels_result &found) {
  for (std::size_t i = 0; i < asked.timed.size(); i++) {
    const auto at = static_cast<std::size_t>(asked.timed[i]);
    if (at >= found.nodes.size()) {
      throw bad_request("/timed/" + std::to_string(i), "names node " + std::to_string(at) +
                                                           ", there are " +
                                                           std::to_string(found.nodes.size()));
    }
    const std::size_t kernels = found.nodes[at].kernels.size();
    if (kernels > 1) {
      found.nodes[at].prefix_us = time_prefixes(on, *on.nodes[at], kernels, asked);
    }
  }
}

}  // namespace

kernels_result read_kernels(const machine &on, const kernels_request &asked) {
  slot_needs needs;
  for (const auto &each : on.nodes) {
    each->require(needs);
  }
  on.slots.prepare(1, needs);
  for (const auto &each : on.nodes) {
    each->launch(on.slots.at(0));
  }
  synchronize(on.driver);
  kernels_result found;
  for (const auto &each : on.nodes) {
    found.nodes.push_back(read_node(on, *each));
  }
  time_kernels(on, asked, found);
  return found;
}

}  // namespace topc
