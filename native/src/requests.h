// The requests of the helper, decoded.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "node_spec.h"
#include "planner.h"

namespace topc {

struct hello_request {};
struct probe_request {};
// The kernels of these nodes are also timed, where there are several, `repeat` copies in a graph.
struct kernels_request {
  std::vector<int> timed;
  int repeat = 1;
  int rounds = 1;
};
struct quit_request {};

struct plan_request {
  int nodes = 0;
  std::vector<launch_spec> launches;
};

struct open_request {
  int device = 0;
};

struct arena_request {
  std::uint64_t bytes = 0;
  std::uint64_t host_bytes = 0;
};

struct file_upload {
  std::string path;
  std::uint64_t file_offset = 0;
  std::uint64_t bytes = 0;
  std::uint64_t offset = 0;
};

struct inline_upload {
  std::string bytes;
  std::uint64_t offset = 0;
};

struct upload_request {
  std::vector<std::variant<file_upload, inline_upload>> items;
};

struct fill_request {
  std::uint64_t offset = 0;
  std::uint64_t count = 0;
  std::uint32_t seed = 0;
};

struct download_request {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
  std::optional<std::string> path;
};

struct compile_request {
  // Exactly one of the two is present.
  std::optional<std::string> source;
  std::optional<std::string> image;
  std::vector<std::string> options;
  std::optional<std::string> arch;
};

struct program_request {
  std::vector<node_spec> nodes;
};

struct executable_spec {
  std::vector<launch_spec> launches;
  bool eager = false;
};

struct run_request {
  executable_spec schedule;
  int replays = 1;
  std::optional<int> prelude;
};

struct measure_request {
  std::vector<executable_spec> schedules;
  int rounds = 1;
  int replays = 1;
  int repeat = 1;
  double warmup_ms = 200;
  bool flush_l2 = false;
  std::optional<int> prelude;
  // By schedule, instead of `prelude`; empty: none.
  std::vector<int> preludes;
};

using any_request =
    std::variant<hello_request, probe_request, plan_request, open_request, arena_request,
                 upload_request, fill_request, download_request, compile_request, program_request,
                 kernels_request, run_request, measure_request, quit_request>;

// Reads a line. `id` is set as soon as it is known, also when this throws.
// Fails: bad_request with the JSON pointer of the field; unknown_op.
[[nodiscard]] any_request decode_request(std::string_view line, std::optional<std::int64_t> &id);

}  // namespace topc
