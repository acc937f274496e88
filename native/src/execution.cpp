#include "execution.h"

#include <utility>

namespace topc {

owned<abi::event> make_event(const driver_api &driver, unsigned flags) {
  abi::event event = nullptr;
  TOPC_CUDA(driver, cuEventCreate, &event, flags);
  return {event, driver.cuEventDestroy};
}

void synchronize(const driver_api &driver) { TOPC_CUDA(driver, cuCtxSynchronize, ); }

plan prepare_schedule(const machine &on, const executable_spec &spec) {
  plan made = make_plan(static_cast<int>(on.nodes.size()), spec.launches);
  slot_needs needs;
  for (const launch_spec &each : spec.launches) {
    on.nodes[static_cast<std::size_t>(each.node)]->require(needs);
  }
  on.slots.prepare(made.streams, needs);
  return made;
}

executable::executable(const machine &on, plan prepared, bool eager, int repeat)
    : on_(on), plan_(std::move(prepared)), repeat_(repeat) {
  for (int i = 0; i < plan_.events; i++) {
    events_.push_back(make_event(on_.driver, abi::event_disable_timing));
  }
  perform();
  synchronize(on_.driver);
  if (eager) {
    return;
  }
  const abi::stream origin = on_.slots.at(0).stream.get();
  const owned<abi::graph> graph = capture(on_.driver, origin, [&] {
    for (int i = 0; i < repeat_; i++) {
      perform();
    }
  });
  abi::graph_exec made = nullptr;
  TOPC_CUDA(on_.driver, cuGraphInstantiateWithFlags, &made, graph.get(),
            has_priorities() ? abi::instantiate_with_priorities : 0);
  graph_ = {made, on_.driver.cuGraphExecDestroy};
  TOPC_CUDA(on_.driver, cuGraphUpload, made, origin);
  synchronize(on_.driver);
}

void executable::launch() const {
  if (graph_) {
    TOPC_CUDA(on_.driver, cuGraphLaunch, graph_.get(), on_.slots.at(0).stream.get());
    return;
  }
  for (int i = 0; i < repeat_; i++) {
    perform();
  }
}

void executable::perform() const {
  for (const action &each : plan_.actions) {
    const stream_slot &slot = on_.slots.at(each.stream);
    const auto target = static_cast<std::size_t>(each.target);
    switch (each.what) {
      case action::kind::launch:
        on_.nodes[target]->launch(slot);
        break;
      case action::kind::record:
        TOPC_CUDA(on_.driver, cuEventRecord, events_[target].get(), slot.stream.get());
        break;
      case action::kind::wait:
        TOPC_CUDA(on_.driver, cuStreamWaitEvent, slot.stream.get(), events_[target].get(), 0);
        break;
    }
  }
}

}  // namespace topc
