// The kernels that a node launches, and the resources of each.
#pragma once

#include "execution.h"

namespace topc {

// Reads them off the node's captured graph: no profiler is needed, and kernels of libraries are
// seen like our own. Executes every node once.
[[nodiscard]] kernels_result read_kernels(const machine &on);

}  // namespace topc
