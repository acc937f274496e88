// Turns a schedule into the actions of the host: launches, event records and waits, in order.
#pragma once

#include <vector>

namespace topc {

// Bounds that keep the planner's memory small for any request: also in protocol.ts.
inline constexpr int stream_limit = 128;
inline constexpr int launch_limit = 200000;

// A node in a schedule: its stream, and the nodes launched earlier that it waits for.
struct launch_spec {
  int node = 0;
  int stream = 0;
  std::vector<int> after;
};

struct action {
  enum class kind { launch, record, wait };
  kind what;
  int stream;
  // The node to launch, or the event to record or to wait for.
  int target;
};

struct plan {
  std::vector<action> actions;
  // Highest stream number used, plus one; at least 1, because stream 0 is where capture starts.
  int streams = 1;
  int events = 0;
};

// Fails: bad_request when a node does not exist, is launched twice, or waits for one that is not
// launched before it; or when a limit is passed.
// Cost: one clock (a number per stream) per launch that others wait for.
[[nodiscard]] plan make_plan(int nodes, const std::vector<launch_spec> &launches);

}  // namespace topc
