// A node that is ready to be launched: everything is looked up, checked and chosen beforehand, so
// that launching only launches. It must not allocate or synchronize: it happens while capturing.
#pragma once

#include <memory>

#include "context.h"
#include "graph_plans.h"
#include "memory.h"
#include "node_spec.h"
#include "stream_slot.h"

namespace topc {

class node {
 public:
  node() = default;
  node(const node &) = delete;
  node &operator=(const node &) = delete;
  virtual ~node() = default;

  // Enqueues the work on the slot's stream.
  virtual void launch(const stream_slot &slot) const = 0;

  // The choices made when the node was made.
  [[nodiscard]] virtual node_settings settings() const { return {}; }

  // Adds its requirements to those of the slots.
  virtual void require(slot_needs & /*needs*/) const {}
};

// The resources for making nodes. `slots.at(0)` exists.
struct node_tools {
  const driver_api &driver;
  math_libraries &libraries;
  const device_memory &memory;
  const std::vector<owned<abi::module>> &modules;
  slot_table &slots;
  graph_plans &plans;
  // NVRTC's name of the device: `sm_90`.
  std::string architecture;
};

// Each makes a node of one kind; `pointer` is the JSON pointer of its spec.
// Fails: bad_request, library_missing, unsupported, and the errors of the libraries.
[[nodiscard]] std::unique_ptr<node> make_node(const kernel_spec &spec, const node_tools &tools,
                                              const std::string &pointer);
[[nodiscard]] std::unique_ptr<node> make_node(const gemm_spec &spec, const node_tools &tools,
                                              const std::string &pointer);
[[nodiscard]] std::unique_ptr<node> make_node(const conv_spec &spec, const node_tools &tools,
                                              const std::string &pointer);
[[nodiscard]] std::unique_ptr<node> make_node(const copy_spec &spec, const node_tools &tools,
                                              const std::string &pointer);
[[nodiscard]] std::unique_ptr<node> make_node(const memset_spec &spec, const node_tools &tools,
                                              const std::string &pointer);

// A convolution with something behind it.
[[nodiscard]] std::unique_ptr<node> make_graph_convolution(const conv_spec &spec,
                                                           const node_tools &tools,
                                                           const std::string &pointer);

}  // namespace topc
