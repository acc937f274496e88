// The plans of a device's operation graphs: finding one may compile for a second, so equal graphs share it.
#pragma once

#include <map>

#include "conv_graph.h"

namespace topc {

struct graph_plans {
  // By `key_of`; null where no engine takes the graph.
  std::map<std::string, std::shared_ptr<const graph_plan>> known;
  // Time of the host that finding them took.
  double made_ms = 0;
};

}  // namespace topc
