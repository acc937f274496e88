// Convolutions with a function behind them, as one operation graph of cuDNN.
//
// As with other library calls, the engine is chosen when the node is made: the first that cuDNN offers, by its table for
// graphs, that can be planned, keeps within the workspace and works when it is executed. Where none does, or this cuDNN has no
// graphs, the convolution is called as ever, and the kernel that came with the node makes the rest.
#include <algorithm>
#include <chrono>
#include <map>

#include "conv_descriptors.h"
#include "node.h"

namespace topc {
namespace {

// Offers that are tried for one graph: each may compile.
constexpr std::size_t tries = 4;

// What cuDNN's graphs may be told of an address, and all that vector accesses want.
constexpr std::uintptr_t most_aligned = 16;

class graph_conv_node final : public node {
 public:
  graph_conv_node(const conv_spec &spec, const node_tools &tools, const std::string &pointer)
      : graphs_(tools.libraries.cudnn_graph()) {
    const behind_spec &behind = *spec.behind;
    conv_spec whole = spec;
    whole.y = behind.y;
    check_convolution(spec, pointer);
    check_convolution(whole, pointer + "/behind");
    find_operands(spec, tools, pointer);
    kernel_ = make_node(behind.kernel, tools, pointer + "/behind/kernel");
    tools.slots.prepare(1, {false, true, 0});
    if (graphs_ == nullptr || !choose(spec, tools)) {
      conv_spec plain = spec;
      plain.behind.reset();
      plain_ = make_node(plain, tools, pointer);
    }
  }

  void launch(const stream_slot &slot) const override {
    if (plain_ != nullptr) {
      plain_->launch(slot);
      kernel_->launch(slot);
    } else if (const abi::status status = execute(slot); status != 0) {
      throw failure(failure_code::cudnn_error, "cudnnBackendExecute failed")
          .with("call", std::string("cudnnBackendExecute"))
          .with("status", static_cast<std::int64_t>(status));
    }
  }

  [[nodiscard]] node_settings settings() const override {
    if (plain_ != nullptr) {
      node_settings settings = plain_->settings();
      settings.behind = "kernel";
      return settings;
    }
    node_settings settings{plan_->workspace_bytes, "engine-" + std::to_string(plan_->engine)};
    settings.behind = "graph";
    return settings;
  }

  void require(slot_needs &needs) const override {
    if (plain_ != nullptr) {
      plain_->require(needs);
      return;
    }
    needs.cudnn = true;
    needs.workspace_bytes = std::max(needs.workspace_bytes, plan_->workspace_bytes);
  }

 private:
  void find_operands(const conv_spec &spec, const node_tools &tools, const std::string &pointer) {
    const behind_spec &behind = *spec.behind;
    const auto find = [&](graph_operand which, const tensor_spec &tensor, const std::string &field) {
      const std::uint64_t bytes = element_count(tensor, pointer + field) * bytes_of(spec.dtype);
      operands_[static_cast<std::size_t>(which)] =
          reinterpret_cast<void *>(tools.memory.address(tensor.offset, bytes, pointer + field));
    };
    find(graph_operand::x, spec.x, "/x");
    find(graph_operand::w, spec.w, "/w");
    find(graph_operand::y, extent_of(behind.y), "/behind/y");
    if (spec.bias) {
      find(graph_operand::bias, {*spec.bias, {spec.w.dims[0]}}, "/bias");
    }
    if (spec.residual) {
      find(graph_operand::residual, {*spec.residual, spec.y.dims}, "/residual");
    }
    if (behind.residual) {
      find(graph_operand::added, {*behind.residual, spec.y.dims}, "/behind/residual");
    }
  }

  [[nodiscard]] graph_alignments alignments() const {
    graph_alignments found{};
    std::transform(operands_.begin(), operands_.end(), found.begin(), [](const void *operand) {
      const auto number = reinterpret_cast<std::uintptr_t>(operand);
      const std::uintptr_t multiple = number | most_aligned;
      return number == 0 ? 0 : static_cast<int>(multiple & (~multiple + 1));
    });
    return found;
  }

  // Finds a plan that works, among those of equal graphs first.
  bool choose(const conv_spec &spec, const node_tools &tools) {
    const graph_alignments aligned = alignments();
    const std::string key = key_of(spec, aligned);
    const auto known = tools.plans.known.find(key);
    if (known != tools.plans.known.end()) {
      plan_ = known->second;
      return plan_ != nullptr && has_workspace(tools);
    }
    const auto begin = std::chrono::steady_clock::now();
    const bool found = find_plan(spec, aligned, tools);
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
    tools.plans.made_ms += took.count();
    tools.plans.known.emplace(key, found ? plan_ : nullptr);
    return found;
  }

  // Executes the graph: overwrites the result.
  bool find_plan(const conv_spec &spec, const graph_alignments &aligned, const node_tools &tools) {
    try {
      const graph_target target{tools.slots.at(0).cudnn.get(), nullptr};
      const auto graph = std::make_shared<conv_graph>(*graphs_, spec, aligned, target);
      const std::vector<abi::cudnn_descriptor> offers = graph->offers();
      return std::any_of(offers.begin(),
                         offers.begin() + static_cast<std::ptrdiff_t>(std::min(offers.size(), tries)),
                         [&](abi::cudnn_descriptor offer) {
                           return take(*graph, offer, spec, tools);
                         });
    } catch (const failure &) {
      return false;
    }
  }

  bool take(const conv_graph &graph, abi::cudnn_descriptor offer, const conv_spec &spec,
            const node_tools &tools) {
    try {
      plan_ = std::make_shared<graph_plan>(graph.plan_of(offer));
      return plan_->workspace_bytes <= spec.workspace_limit && has_workspace(tools) &&
             execute(tools.slots.at(0)) == 0;
    } catch (const failure &) {
      return false;
    }
  }

  // Whether the device has room for the workspace now.
  bool has_workspace(const node_tools &tools) const {
    try {
      tools.slots.prepare(1, {false, true, plan_->workspace_bytes});
      return true;
    } catch (const failure &) {
      return false;
    }
  }

  // What is bound to a workspace is kept: binding takes the host longer than launching.
  [[nodiscard]] abi::status execute(const stream_slot &slot) const {
    const abi::device_ptr workspace = plan_->workspace_bytes == 0 ? 0 : slot.workspace.get();
    auto known = bound_.find(workspace);
    if (known == bound_.end()) {
      auto made = plan_->graph->bound(operands_, reinterpret_cast<void *>(workspace));
      known = bound_.emplace(workspace, std::move(made)).first;
    }
    return graphs_->cudnnBackendExecute(slot.cudnn.get(), plan_->plan.get(), known->second.get());
  }

  const cudnn_graph_api *graphs_;
  std::array<void *, graph_operands> operands_{};
  std::shared_ptr<const graph_plan> plan_;
  mutable std::map<abi::device_ptr, owned<abi::cudnn_descriptor>> bound_;
  std::unique_ptr<node> kernel_;
  // What is launched instead, where no plan works.
  std::unique_ptr<node> plain_;
};

}  // namespace

std::unique_ptr<node> make_graph_convolution(const conv_spec &spec, const node_tools &tools,
                                             const std::string &pointer) {
  return std::make_unique<graph_conv_node>(spec, tools, pointer);
}

}  // namespace topc
