// What a graph of operations computes, element by element of its result.
#pragma once

#include "../../src/abi_cudnn_graph.h"
#include "graph_tensors.h"

namespace stand_in {

using namespace topc::abi;

struct operation {
  // Of a convolution: -1.
  int mode = -1;
  double slope = 0;
  double alpha = 1;
  double beta = 1;
  std::int64_t x = 0;
  std::int64_t b = 0;
  std::int64_t y = 0;
};

// A graph as it is computed: nothing of it is a descriptor any more.
struct program {
  std::map<std::int64_t, tensor> tensors;
  std::vector<operation> operations;
  std::int64_t w = 0;
  list pads;
  list strides;
  list dilations;
};

inline float convolved(const program &graph, const tensor &x, const list &at) {
  const tensor &w = graph.tensors.at(graph.w);
  const std::int64_t groups = x.dims[1] / w.dims[1];
  const std::int64_t first = at[1] / (w.dims[0] / groups) * w.dims[1];
  float sum = 0;
  for (std::int64_t c = 0; c < w.dims[1]; c++) {
    for (std::int64_t i = 0; i < w.dims[2]; i++) {
      for (std::int64_t j = 0; j < w.dims[3]; j++) {
        const std::int64_t row = at[2] * graph.strides[0] - graph.pads[0] + i * graph.dilations[0];
        const std::int64_t column = at[3] * graph.strides[1] - graph.pads[1] + j * graph.dilations[1];
        const bool inside = row >= 0 && column >= 0 && row < x.dims[2] && column < x.dims[3];
        sum += inside ? load(x, {at[0], first + c, row, column}) * load(w, {at[1], c, i, j}) : 0;
      }
    }
  }
  return sum;
}

inline double applied(const operation &step, double x, double b) {
  switch (step.mode) {
    case pointwise_add:
      return x + b;
    case pointwise_multiply:
      return x * b;
    case pointwise_min:
      return std::min(x, b);
    case pointwise_max:
      return std::max(x, b);
    case pointwise_relu:
      return x < 0 ? step.slope * x : x;
    case pointwise_tanh:
      return std::tanh(x);
    case pointwise_sigmoid:
      return 1 / (1 + std::exp(-x));
    case pointwise_elu:
      return x < 0 ? step.alpha * std::expm1(x) : x;
    case pointwise_gelu:
      return x / 2 * (1 + std::erf(x / std::sqrt(2.0)));
    case pointwise_softplus:
      return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x));
    case pointwise_swish:
      return x / (1 + std::exp(-step.beta * x));
    case pointwise_gelu_by_tanh:
      return x / 2 * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
    default:
      return NAN;
  }
}

inline void compute_at(const program &graph, const list &at) {
  std::map<std::int64_t, float> between;
  const auto read = [&](std::int64_t id) {
    const tensor &of = graph.tensors.at(id);
    return of.is_virtual ? between.at(id) : load(of, at);
  };
  for (const operation &step : graph.operations) {
    const float made = step.mode < 0
                           ? convolved(graph, graph.tensors.at(step.x), at)
                           : static_cast<float>(applied(step, read(step.x), step.b == 0 ? 0 : read(step.b)));
    const tensor &to = graph.tensors.at(step.y);
    if (to.is_virtual) {
      between[step.y] = made;
    } else {
      store(to, at, made);
    }
  }
}

inline void compute(const program &graph) {
  const list &dims = graph.tensors.at(graph.operations.back().y).dims;
  for (std::int64_t n = 0; n < dims[0]; n++) {
    for (std::int64_t c = 0; c < dims[1]; c++) {
      for (std::int64_t row = 0; row < dims[2]; row++) {
        for (std::int64_t column = 0; column < dims[3]; column++) {
          compute_at(graph, {n, c, row, column});
        }
      }
    }
  }
}

}  // namespace stand_in
