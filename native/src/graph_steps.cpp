#include "graph_steps.h"

#include <cmath>

#include "abi_cudnn_graph.h"

namespace topc {
namespace {

graph_step plain(int mode) { return {mode, step_operand::none, 0, std::nullopt, 0}; }

graph_step with_number(int mode, double number) {
  return {mode, step_operand::number, number, std::nullopt, 0};
}

graph_step with_first(int mode) { return {mode, step_operand::first, 0, std::nullopt, 0}; }

graph_step with_attribute(int mode, int attribute, double value) {
  return {mode, step_operand::none, 0, attribute, value};
}

std::vector<graph_step> clip(double low, double high) {
  std::vector<graph_step> steps;
  if (std::isfinite(low)) {
    steps.push_back(with_number(abi::pointwise_max, low));
  }
  if (std::isfinite(high)) {
    steps.push_back(with_number(abi::pointwise_min, high));
  }
  return steps;
}

// x * clip(x + 3, 0, 6) / 6.
std::vector<graph_step> hard_swish() {
  std::vector<graph_step> steps{with_number(abi::pointwise_add, 3)};
  for (const graph_step &bound : clip(0, 6)) {
    steps.push_back(bound);
  }
  steps.push_back(with_first(abi::pointwise_multiply));
  steps.push_back(with_number(abi::pointwise_multiply, 1.0 / 6));
  return steps;
}

// clip(scale * x + shift, 0, 1).
std::vector<graph_step> hard_sigmoid(double scale, double shift) {
  std::vector<graph_step> steps{with_number(abi::pointwise_multiply, scale),
                                with_number(abi::pointwise_add, shift)};
  for (const graph_step &bound : clip(0, 1)) {
    steps.push_back(bound);
  }
  return steps;
}

}  // namespace

std::vector<graph_step> steps_of(const function_spec &function) {
  const auto number = [&](std::size_t i) { return function.numbers.at(i); };
  switch (function.what) {
    case function_kind::relu:
      return {plain(abi::pointwise_relu)};
    case function_kind::clip:
      return clip(number(0), number(1));
    case function_kind::leaky_relu:
      return {with_attribute(abi::pointwise_relu, abi::pointwise_lower_slope, number(0))};
    case function_kind::sigmoid:
      return {plain(abi::pointwise_sigmoid)};
    case function_kind::hard_sigmoid:
      return hard_sigmoid(number(0), number(1));
    case function_kind::silu:
      return {with_attribute(abi::pointwise_swish, abi::pointwise_swish_beta, number(0))};
    case function_kind::hard_swish:
      return hard_swish();
    case function_kind::tanh:
      return {plain(abi::pointwise_tanh)};
    case function_kind::gelu:
      return {plain(abi::pointwise_gelu)};
    case function_kind::gelu_by_tanh:
      return {plain(abi::pointwise_gelu_by_tanh)};
    case function_kind::elu:
      return {with_attribute(abi::pointwise_elu, abi::pointwise_elu_alpha, number(0))};
    case function_kind::softplus:
      return {plain(abi::pointwise_softplus)};
    case function_kind::mish:
      return {plain(abi::pointwise_softplus), plain(abi::pointwise_tanh),
              with_first(abi::pointwise_multiply)};
  }
  return {};
}

}  // namespace topc
