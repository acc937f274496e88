// Which kernels a node launches, and what each takes of the device.
#pragma once

#include "execution.h"

namespace topc {

// Reads them off the node's captured graph: no profiler is needed, and what a library launches shows
// like one's own. Executes every node once.
[[nodiscard]] kernels_result read_kernels(const machine &on);

}  // namespace topc
