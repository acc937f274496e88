// A convolution with what stands behind it as one operation graph of cuDNN, and plans of it.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "graph_steps.h"
#include "math_libraries.h"
#include "node_spec.h"
#include "owned.h"

namespace topc {

// The tensors of a graph that are in memory.
enum class graph_operand { x, w, bias, residual, added, y };
inline constexpr std::size_t graph_operands = 6;

// Of each operand: bytes of which its address is a multiple, 16 at most; 0 for one that is not there.
using graph_alignments = std::array<int, graph_operands>;

// What plans are made for: the device of a handle, or one that is only described and need not be there.
struct graph_target {
  abi::cudnn_handle handle = nullptr;
  abi::cudnn_descriptor device = nullptr;
};

class conv_graph;

// A way to compute a graph; it keeps all that it was made of.
struct graph_plan {
  std::shared_ptr<const conv_graph> graph;
  owned<abi::cudnn_descriptor> plan;
  std::uint64_t workspace_bytes = 0;
  // cuDNN's number of the engine.
  std::int64_t engine = 0;
};

class conv_graph : public std::enable_shared_from_this<conv_graph> {
 public:
  // Requires: a checked spec with something behind. Fails: cudnn_error where cuDNN refuses a part.
  conv_graph(const cudnn_graph_api &cudnn, const conv_spec &spec,
             const graph_alignments &alignments, graph_target target);
  conv_graph(const conv_graph &) = delete;
  conv_graph &operator=(const conv_graph &) = delete;
  ~conv_graph();

  // The engines that cuDNN offers, the best by its table first: those that give the same bits every time, keep sums in f32,
  // and make products as the spec wants them; on tensor cores, unless it wants full precision. Fails: cudnn_error.
  [[nodiscard]] std::vector<abi::cudnn_descriptor> offers();

  // Makes a plan of an offer, which may compile. Fails: cudnn_error.
  [[nodiscard]] graph_plan plan_of(abi::cudnn_descriptor offer) const;

  // Operands in device memory, and numbers, as a plan's execution takes them. Fails: cudnn_error.
  [[nodiscard]] owned<abi::cudnn_descriptor> bound(const std::array<void *, graph_operands> &operands,
                                                   void *workspace) const;

 private:
  abi::cudnn_descriptor make(int type);
  abi::cudnn_descriptor tensor(std::int64_t id, const std::vector<int> &dims,
                               const std::vector<int> &strides, int alignment, int type, bool is_virtual);
  abi::cudnn_descriptor operand(graph_operand which, const std::vector<int> &dims, int channels);
  abi::cudnn_descriptor between();
  abi::cudnn_descriptor number(double value);
  // Adds an operation that makes `to` of `from`.
  void apply(const graph_step &step, abi::cudnn_descriptor from, abi::cudnn_descriptor other,
             abi::cudnn_descriptor to);
  abi::cudnn_descriptor convolve();
  void describe();
  [[nodiscard]] bool is_allowed(abi::cudnn_descriptor engine) const;
  [[nodiscard]] owned<abi::cudnn_descriptor> engine_of(abi::cudnn_descriptor offer) const;

  const cudnn_graph_api &cudnn_;
  conv_spec spec_;
  graph_alignments alignments_;
  graph_target target_;
  // Everything that is described, each before what is made of it.
  std::vector<owned<abi::cudnn_descriptor>> parts_;
  std::vector<abi::cudnn_descriptor> operations_;
  abi::cudnn_descriptor graph_ = nullptr;
  std::vector<std::unique_ptr<float>> numbers_;
  std::int64_t virtuals_ = 0;
};

// Equal for convolutions that can share plans.
[[nodiscard]] std::string key_of(const conv_spec &spec, const graph_alignments &alignments);

}  // namespace topc
