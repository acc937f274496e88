// A device that is none: the part of CUDA's behavior that the helper relies on, on the host.
//
// Work enqueued on streams runs when somebody waits for it, in an order that is random but respects
// what streams, events, graphs and priorities promise; kernels that spin run when nothing else can. So a wait that is missing shows as a wrong result, as it
// would on a GPU, only more often. Capture follows CUDA's rules, and what they forbid is an error.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "../../src/abi_driver.h"
#include "../../src/abi_math.h"
#include "host_kernels.h"

namespace stand_in {

using topc::abi::status;

// CUresult, as far as it is needed.
inline constexpr status illegal_address = 700;
inline constexpr status capture_invalidated = 901;
inline constexpr status capture_unmatched = 903;
inline constexpr status capture_unjoined = 904;
inline constexpr status capture_isolation = 905;

using work = std::function<void()>;

// What a kernel node of a graph shows; `library` kernels show no function, only a kernel.
struct kernel_shape {
  unsigned grid[3] = {1, 1, 1};
  unsigned block[3] = {1, 1, 1};
  unsigned shared = 0;
  topc::abi::function function = nullptr;
  bool library = false;
  // Takes longer than everything else that could run meanwhile.
  bool slow = false;
};

struct graph_node {
  int type = topc::abi::node_kernel;
  kernel_shape shape;
  work run;
  std::vector<graph_node *> after;
  // Whether it may start before what it depends on has ended, as some kernels of libraries do.
  bool early = false;
  // Switched off in an executable graph: it does nothing and takes no time.
  bool disabled = false;
  // That of the stream on which it was captured; lower ones go first.
  int priority = 0;
};

struct graph {
  std::vector<std::unique_ptr<graph_node>> nodes;
  // Of an executable graph: its node for each of the graph that it was made of.
  std::map<const graph_node *, graph_node *> of_original;
  bool keeps_priorities = false;
};

struct task {
  work run;
  std::vector<std::shared_ptr<task>> after;
  bool done = false;
  bool slow = false;
  bool free = false;
  int priority = 0;
  // The record of an event: while there is nothing else, the device is idle.
  bool marks = false;
  // Besides the one that everything takes.
  std::uint64_t ticks = 0;
};

struct stream;

// A capture in progress: the streams that take part, the first one being where it began.
struct capture {
  std::unique_ptr<graph> made = std::make_unique<graph>();
  std::vector<stream *> members;
  bool invalid = false;
};

struct stream {
  int priority = 0;
  std::vector<std::shared_ptr<task>> last;
  std::shared_ptr<capture> capturing;
  std::vector<graph_node *> captured;
};

struct event {
  bool timed = true;
  std::shared_ptr<task> recorded;
  std::shared_ptr<capture> of_capture;
  std::vector<graph_node *> captured;
  std::uint64_t time = 0;
};

struct function {
  std::string name;
  int dynamic_limit = 48 << 10;
  // Compiled from the source; one of the stand-in's own kernels when it has no `run`.
  host_kernel compiled{};
};

struct module {
  std::string image;
  std::map<std::string, std::unique_ptr<function>> functions;
  std::optional<std::map<std::string, host_kernel>> compiled;
};

// Not initialized: most of it, such as workspaces, is never touched.
struct held_memory {
  std::unique_ptr<unsigned char[]> bytes;
  std::size_t size = 0;
};

// All there is of the device. Handles are addresses of these objects; the sets say which are alive.
struct device_state {
  std::map<std::uint64_t, held_memory> memory;
  std::map<void *, std::unique_ptr<unsigned char[]>> host_memory;
  std::map<std::string, std::set<const void *>> alive;
  std::vector<std::shared_ptr<task>> waiting;
  std::set<stream *> capturing;
  status sticky = 0;
  std::uint64_t clock = 0;
  std::mt19937 chance{1};
  std::map<std::string, int> calls;
};

device_state &state();

// Whether the environment wants this call to fail: STAND_IN_FAIL=NAME:NTH:STATUS. Counts the call, and
// writes its name to the file STAND_IN_TRACE.
status asked_to_fail(const char *call);

// A live object of a kind, or the end of the process: a dead handle is a mistake of the helper.
void born(const char *kind, const void *object);
void died(const char *kind, const void *object);
void require_alive(const char *kind, const void *object, const char *call);

// Memory of the device; null outside of every allocation, which loses the device as on a GPU.
unsigned char *device_bytes(std::uint64_t address, std::uint64_t bytes);

// Puts work on a stream: to be done, or into its capture.
status enqueue(stream &on, int type, const kernel_shape &shape, work run);
// Runs everything that waits, and gives the device's error if there is one.
status run_all();
// An error when something is being captured that the call would break.
status forbidden_while_capturing();

template <typename Object, typename Handle> Object &object_of(Handle handle) {
  return *reinterpret_cast<Object *>(handle);
}

}  // namespace stand_in

// All functions of the driver: those of streams and events that decide the order of work are in
// engine.cpp, the others in driver.cpp, modules.cpp and graphs.cpp.
namespace topc::abi {
extern "C" {
#define STAND_IN_DECLARE(name, since, args) status name args;
TOPC_DRIVER_FUNCTIONS(STAND_IN_DECLARE)
#undef STAND_IN_DECLARE
#define STAND_IN_DECLARE(name, symbol, since, args) status name args;
TOPC_DRIVER_OPTIONAL_FUNCTIONS(STAND_IN_DECLARE)
#undef STAND_IN_DECLARE
}
}  // namespace topc::abi

// Every function begins with this.
#define STAND_IN_CALL(name)                                                  \
  do {                                                                       \
    if (const int failed = stand_in::asked_to_fail(#name); failed != 0) {    \
      return failed;                                                         \
    }                                                                        \
  } while (false)
