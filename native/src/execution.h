// A schedule made executable: as a captured CUDA graph, or launched again each time.
#pragma once

#include "node.h"

namespace topc {

// The resources that schedules run on.
struct machine {
  const driver_api &driver;
  slot_table &slots;
  const std::vector<std::unique_ptr<node>> &nodes;
};

// An event. Fails: cuda_error.
[[nodiscard]] owned<abi::event> make_event(const driver_api &driver, unsigned flags);

// Waits until the device has finished all work. Fails: cuda_error, also of work launched before.
void synchronize(const driver_api &driver);

// Captures the work that `enqueue` puts on the stream instead of executing it.
template <typename Enqueue>
[[nodiscard]] owned<abi::graph> capture(const driver_api &driver, abi::stream stream,
                                        Enqueue enqueue) {
  TOPC_CUDA(driver, cuStreamBeginCapture, stream, abi::capture_thread_local);
  abi::graph graph = nullptr;
  try {
    enqueue();
  } catch (...) {
    // Capture has to end even after an error, or the stream cannot be used again.
    if (driver.cuStreamEndCapture(stream, &graph) == abi::cuda_success && graph != nullptr) {
      driver.cuGraphDestroy(graph);
    }
    throw;
  }
  TOPC_CUDA(driver, cuStreamEndCapture, stream, &graph);
  return {graph, driver.cuGraphDestroy};
}

// Plans a schedule, and makes slots with all resources of its nodes. Schedules that exist at the
// same time must all be prepared before the first of them is made executable: a workspace that
// turns out too small is replaced, and a graph that was captured with it would go on using freed
// memory.
// Fails: bad_request, cuda_error, and the errors of the libraries.
[[nodiscard]] plan prepare_schedule(const machine &on, const executable_spec &spec);

class executable {
 public:
  // Executes once directly (which loads everything that is loaded at first use and cannot be loaded
  // while capturing) and captures `repeat` copies one after the other, unless it is `eager`.
  // Requires: `prepared` is of `prepare_schedule`.
  // Fails: cuda_error, and the errors of the libraries.
  executable(const machine &on, plan prepared, bool eager, int repeat);

  // Enqueues one execution (of `repeat` copies); it ends when stream 0 does.
  void launch() const;

 private:
  void perform() const;

  machine on_;
  plan plan_;
  int repeat_;
  std::vector<owned<abi::event>> events_;
  // Empty when launched again each time.
  owned<abi::graph_exec> graph_;
};

}  // namespace topc
