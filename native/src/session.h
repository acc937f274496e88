// An open device: its memory, modules, streams and nodes.
#pragma once

#include "context.h"
#include "measure.h"
#include "memory.h"
#include "node.h"
#include "stream_slot.h"

namespace topc {

class session {
 public:
  // Requires: the device's context is the current one, as long as this lives.
  // Fails: no_device, cuda_error.
  session(const driver_api &driver, math_libraries &libraries, int device);
  session(const session &) = delete;
  session &operator=(const session &) = delete;

  [[nodiscard]] const device_facts &facts() const { return facts_; }

  // Drops the nodes too: their addresses are in the old arena.
  arena_result make_arena(const arena_request &asked);
  [[nodiscard]] const device_memory &memory() const { return memory_; }

  // Loads an image and returns its number.
  [[nodiscard]] int load(const std::string &image);

  // Replaces the nodes; when it fails, the old ones stay.
  program_result program(const program_request &asked);

  [[nodiscard]] kernels_result kernels(const kernels_request &asked);
  [[nodiscard]] run_result run(const run_request &asked);
  [[nodiscard]] measure_result measure(const measure_request &asked);

  // Whether the device has an error that only ending the process can clear.
  [[nodiscard]] bool is_lost() const;

 private:
  [[nodiscard]] machine machinery() { return {driver_, slots_, nodes_}; }

  const driver_api &driver_;
  math_libraries &libraries_;
  device_facts facts_;
  device_memory memory_;
  std::vector<owned<abi::module>> modules_;
  slot_table slots_;
  graph_plans plans_;
  std::vector<std::unique_ptr<node>> nodes_;
};

}  // namespace topc
