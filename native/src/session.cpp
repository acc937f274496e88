#include "session.h"

#include "kernel_facts.h"

namespace topc {

session::session(const driver_api &driver, math_libraries &libraries, int device)
    : driver_(driver),
      libraries_(libraries),
      facts_(read_device(driver, device)),
      memory_(driver),
      slots_(driver, libraries, facts_.capability_major) {}

arena_result session::make_arena(const arena_request &asked) {
  nodes_.clear();
  return memory_.make(asked);
}

int session::load(const std::string &image) {
  abi::module module = nullptr;
  TOPC_CUDA(driver_, cuModuleLoadData, &module, image.data());
  modules_.emplace_back(module, driver_.cuModuleUnload);
  return static_cast<int>(modules_.size()) - 1;
}

program_result session::program(const program_request &asked) {
  const node_tools tools{driver_, libraries_, memory_, modules_, slots_, plans_,
                         architecture(facts_)};
  std::vector<std::unique_ptr<node>> nodes;
  program_result settled;
  for (std::size_t i = 0; i < asked.nodes.size(); i++) {
    const std::string pointer = "/nodes/" + std::to_string(i);
    nodes.push_back(std::visit(
        [&](const auto &spec) { return make_node(spec, tools, pointer); }, asked.nodes[i]));
    settled.nodes.push_back(nodes.back()->settings());
  }
  // Making a convolution launches it, on a stream without waits.
  synchronize(driver_);
  nodes_ = std::move(nodes);
  settled.plans = plans_.known.size();
  settled.plans_ms = plans_.made_ms;
  return settled;
}

kernels_result session::kernels(const kernels_request &asked) {
  return read_kernels(machinery(), asked);
}

run_result session::run(const run_request &asked) { return run_schedule(machinery(), asked); }

measure_result session::measure(const measure_request &asked) {
  return measure_schedules(machinery(), asked, static_cast<std::uint64_t>(facts_.l2_bytes));
}

bool session::is_lost() const { return driver_.cuCtxSynchronize() != abi::cuda_success; }

}  // namespace topc
