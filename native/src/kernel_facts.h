// The kernels that a node launches, and the resources of each.
#pragma once

#include "execution.h"

namespace topc {

// Reads them off the node's captured graph: no profiler is needed, and kernels of libraries are
// seen like our own. Executes every node once.
//
// Those that are to be timed are captured again, `repeat` copies one after the other, and replayed with
// all kernels behind the first, the second, ... of each copy switched off: the differences are what each
// kernel takes where it stands. Nodes of one kernel are not timed, nor those whose order is not known.
// Fails: bad_request, cuda_error.
[[nodiscard]] kernels_result read_kernels(const machine &on, const kernels_request &asked);

}  // namespace topc
