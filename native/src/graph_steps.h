// A function as a row of element-wise operations of cuDNN.
#pragma once

#include <optional>
#include <vector>

#include "node_spec.h"

namespace topc {

// The other operand of an operation: none, a number, or the value before the function's first operation.
enum class step_operand { none, number, first };

struct graph_step {
  // cudnnPointwiseMode_t.
  int mode = 0;
  step_operand operand = step_operand::none;
  double number = 0;
  // Attribute of the operation, and its value.
  std::optional<int> attribute;
  double value = 0;
};

// The operations of a function, each of the value that the one before it gives. Bounds are minima and maxima with numbers:
// cuDNN takes a clipped ReLU right behind a bias for a call of its own, which it then does not have on tensor cores.
[[nodiscard]] std::vector<graph_step> steps_of(const function_spec &function);

}  // namespace topc
