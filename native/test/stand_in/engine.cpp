#include "engine.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace stand_in {
namespace {

[[noreturn]] void end_with(const std::string &mistake) {
  std::fprintf(stderr, "stand-in: %s\n", mistake.c_str());
  std::abort();
}

// Everything that comes before `ends`, and these.
std::set<const graph_node *> all_before(std::vector<const graph_node *> ends) {
  std::set<const graph_node *> seen;
  while (!ends.empty()) {
    const graph_node *node = ends.back();
    ends.pop_back();
    if (seen.insert(node).second) {
      ends.insert(ends.end(), node->after.begin(), node->after.end());
    }
  }
  return seen;
}

// Those of what is ready that have the highest priority, which is the lowest number.
std::vector<std::size_t> first_of(const std::vector<std::size_t> &ready) {
  const auto &waiting = state().waiting;
  int highest = 0;
  for (const std::size_t each : ready) {
    highest = std::min(highest, waiting[each]->priority);
  }
  std::vector<std::size_t> first;
  for (const std::size_t each : ready) {
    if (waiting[each]->priority == highest) {
      first.push_back(each);
    }
  }
  return first;
}

// STAND_IN_LAUNCH=TICKS: what the host takes to launch a graph on a device that has nothing to do; 0 unless given.
std::uint64_t launch_ticks() {
  const char *wish = std::getenv("STAND_IN_LAUNCH");
  const auto &waiting = state().waiting;
  const bool idle =
      std::all_of(waiting.begin(), waiting.end(), [](const auto &each) { return each->marks; });
  return wish != nullptr && idle ? static_cast<std::uint64_t>(std::atoi(wish)) : 0;
}

}  // namespace

device_state &state() {
  static device_state *const only = [] {
    static device_state made;
    // Not reached by a helper that lost its device and ends at once.
    std::atexit([] {
      for (const auto &[kind, objects] : made.alive) {
        if (!objects.empty()) {
          std::fprintf(stderr, "stand-in: leaked %zu of %s\n", objects.size(), kind.c_str());
        }
      }
      if (!made.memory.empty() || !made.host_memory.empty()) {
        std::fprintf(stderr, "stand-in: leaked memory\n");
      }
    });
    const char *seed = std::getenv("STAND_IN_SEED");
    made.chance.seed(seed == nullptr ? 1U : static_cast<unsigned>(std::atoi(seed)));
    return &made;
  }();
  return *only;
}

status asked_to_fail(const char *call) {
  const int count = ++state().calls[call];
  if (const char *trace = std::getenv("STAND_IN_TRACE")) {
    if (std::FILE *file = std::fopen(trace, "a")) {
      std::fprintf(file, "%s\n", call);
      std::fclose(file);
    }
  }
  const char *wish = std::getenv("STAND_IN_FAIL");
  if (wish == nullptr) {
    return 0;
  }
  char name[128] = "";
  int nth = 0;
  int code = 0;
  if (std::sscanf(wish, "%127[^:]:%d:%d", name, &nth, &code) != 3 || std::strcmp(name, call) != 0 ||
      count != nth) {
    return 0;
  }
  if (code == illegal_address) {
    state().sticky = code;
  }
  return code;
}

void born(const char *kind, const void *object) { state().alive[kind].insert(object); }

void died(const char *kind, const void *object) {
  if (state().alive[kind].erase(object) == 0) {
    end_with(std::string("destroyed twice or never made: ") + kind);
  }
}

void require_alive(const char *kind, const void *object, const char *call) {
  if (state().alive[kind].count(object) == 0) {
    end_with(std::string(call) + " with a dead " + kind);
  }
}

unsigned char *device_bytes(std::uint64_t address, std::uint64_t bytes) {
  auto &memory = state().memory;
  auto after = memory.upper_bound(address);
  if (after != memory.begin()) {
    auto &[start, held] = *std::prev(after);
    if (address - start <= held.size && bytes <= held.size - (address - start)) {
      return held.bytes.get() + (address - start);
    }
  }
  state().sticky = illegal_address;
  return nullptr;
}

status enqueue(stream &on, int type, const kernel_shape &shape, work run) {
  if (on.capturing) {
    if (on.capturing->invalid) {
      return capture_invalidated;
    }
    auto &nodes = on.capturing->made->nodes;
    nodes.push_back(std::make_unique<graph_node>(
        graph_node{type, shape, std::move(run), on.captured,
                   shape.library && std::getenv("STAND_IN_EARLY") != nullptr, false,
                   on.priority}));
    on.captured = {nodes.back().get()};
    return 0;
  }
  if (state().sticky != 0) {
    return state().sticky;
  }
  auto made = std::make_shared<task>(task{std::move(run), on.last, false, shape.slow, false,
                                          on.priority, false, 0});
  on.last = {made};
  state().waiting.push_back(std::move(made));
  return 0;
}

status run_all() {
  auto &waiting = state().waiting;
  while (!waiting.empty() && state().sticky == 0) {
    std::vector<std::size_t> quick;
    std::vector<std::size_t> slow;
    for (std::size_t i = 0; i < waiting.size() && quick.size() < 64; i++) {
      const auto &after = waiting[i]->after;
      if (std::all_of(after.begin(), after.end(), [](const auto &each) { return each->done; })) {
        (waiting[i]->slow ? slow : quick).push_back(i);
      }
    }
    const std::vector<std::size_t> ready = first_of(quick.empty() ? slow : quick);
    if (ready.empty()) {
      end_with("work that waits for itself");
    }
    const std::size_t chosen = ready[state().chance() % ready.size()];
    const auto now = waiting[chosen];
    waiting.erase(waiting.begin() + static_cast<std::ptrdiff_t>(chosen));
    state().clock += now->ticks + (now->free ? 0 : 1);
    now->run();
    now->done = true;
    now->after.clear();
  }
  return state().sticky;
}

status forbidden_while_capturing() {
  for (stream *each : state().capturing) {
    each->capturing->invalid = true;
  }
  return state().capturing.empty() ? 0 : topc::abi::cuda_capture_unsupported;
}

}  // namespace stand_in

using stand_in::state;
using topc::abi::status;

extern "C" {

status cuStreamBeginCapture(topc::abi::stream handle, int mode) {
  STAND_IN_CALL(cuStreamBeginCapture);
  stand_in::require_alive("stream", handle, "cuStreamBeginCapture");
  auto &on = stand_in::object_of<stand_in::stream>(handle);
  if (on.capturing || mode != topc::abi::capture_thread_local) {
    return topc::abi::cuda_invalid_value;
  }
  on.capturing = std::make_shared<stand_in::capture>();
  on.capturing->members = {&on};
  on.captured.clear();
  state().capturing.insert(&on);
  return 0;
}

status cuStreamEndCapture(topc::abi::stream handle, topc::abi::graph *made) {
  stand_in::require_alive("stream", handle, "cuStreamEndCapture");
  auto &on = stand_in::object_of<stand_in::stream>(handle);
  const auto capture = on.capturing;
  if (!capture || capture->members.front() != &on) {
    return stand_in::capture_unmatched;
  }
  const status wish = stand_in::asked_to_fail("cuStreamEndCapture");
  const auto seen = stand_in::all_before({on.captured.begin(), on.captured.end()});
  bool joined = true;
  for (const stand_in::stream *member : capture->members) {
    for (const stand_in::graph_node *node : member->captured) {
      joined = joined && seen.count(node) > 0;
    }
  }
  for (stand_in::stream *member : capture->members) {
    member->capturing.reset();
    member->captured.clear();
    state().capturing.erase(member);
  }
  *made = nullptr;
  if (wish != 0 || capture->invalid) {
    return wish != 0 ? wish : stand_in::capture_invalidated;
  }
  if (!joined) {
    return stand_in::capture_unjoined;
  }
  stand_in::graph *graph = capture->made.release();
  stand_in::born("graph", graph);
  *made = reinterpret_cast<topc::abi::graph>(graph);
  return 0;
}

status cuEventRecord(topc::abi::event handle, topc::abi::stream on_stream) {
  STAND_IN_CALL(cuEventRecord);
  stand_in::require_alive("event", handle, "cuEventRecord");
  stand_in::require_alive("stream", on_stream, "cuEventRecord");
  auto &event = stand_in::object_of<stand_in::event>(handle);
  auto &on = stand_in::object_of<stand_in::stream>(on_stream);
  if (on.capturing) {
    event.of_capture = on.capturing;
    event.captured = on.captured;
    return 0;
  }
  event.of_capture.reset();
  const status queued =
      stand_in::enqueue(on, 0, {}, [&event] { event.time = state().clock; });
  event.recorded = on.last.empty() ? nullptr : on.last.front();
  if (queued == 0) {
    event.recorded->marks = true;
  }
  return queued;
}

status cuStreamWaitEvent(topc::abi::stream on_stream, topc::abi::event handle, unsigned flags) {
  STAND_IN_CALL(cuStreamWaitEvent);
  stand_in::require_alive("event", handle, "cuStreamWaitEvent");
  stand_in::require_alive("stream", on_stream, "cuStreamWaitEvent");
  auto &event = stand_in::object_of<stand_in::event>(handle);
  auto &on = stand_in::object_of<stand_in::stream>(on_stream);
  if (flags != 0) {
    return topc::abi::cuda_invalid_value;
  }
  if (event.of_capture) {
    const bool ended = event.of_capture->members.front()->capturing != event.of_capture;
    if (ended) {
      return topc::abi::cuda_captured_event;
    }
    if (!on.capturing) {
      on.capturing = event.of_capture;
      on.capturing->members.push_back(&on);
      on.captured.clear();
      state().capturing.insert(&on);
    } else if (on.capturing != event.of_capture) {
      return stand_in::capture_isolation;
    }
    for (stand_in::graph_node *node : event.captured) {
      if (std::find(on.captured.begin(), on.captured.end(), node) == on.captured.end()) {
        on.captured.push_back(node);
      }
    }
    return 0;
  }
  if (on.capturing) {
    on.capturing->invalid = true;
    return stand_in::capture_isolation;
  }
  if (event.recorded) {
    on.last.push_back(event.recorded);
  }
  return 0;
}

status cuGraphLaunch(topc::abi::graph_exec handle, topc::abi::stream on_stream) {
  STAND_IN_CALL(cuGraphLaunch);
  stand_in::require_alive("graph exec", handle, "cuGraphLaunch");
  stand_in::require_alive("stream", on_stream, "cuGraphLaunch");
  const auto &graph = *stand_in::object_of<std::shared_ptr<stand_in::graph>>(handle);
  const auto keep = stand_in::object_of<std::shared_ptr<stand_in::graph>>(handle);
  auto &on = stand_in::object_of<stand_in::stream>(on_stream);
  if (on.capturing) {
    return topc::abi::cuda_not_supported;
  }
  if (state().sticky != 0) {
    return state().sticky;
  }
  const auto begin = std::make_shared<stand_in::task>();
  begin->run = [] {};
  begin->after = on.last;
  begin->free = true;
  begin->ticks = stand_in::launch_ticks();
  state().waiting.push_back(begin);
  on.last = {begin};
  std::map<const stand_in::graph_node *, std::shared_ptr<stand_in::task>> tasks;
  auto end = std::make_shared<stand_in::task>();
  end->run = [keep] {};
  end->after = on.last;
  // Captured in order, so what a node depends on comes before it.
  for (const auto &node : graph.nodes) {
    auto made = std::make_shared<stand_in::task>(
        node->disabled ? stand_in::task{[] {}, on.last, false, false, true, 0, false, 0}
                       : stand_in::task{node->run, on.last, false, node->shape.slow, false, 0, false,
                                        0});
    made->priority = graph.keeps_priorities ? node->priority : 0;
    for (const stand_in::graph_node *before : node->after) {
      made->after.push_back(tasks.at(before));
    }
    end->after.push_back(made);
    state().waiting.push_back(made);
    tasks[node.get()] = std::move(made);
  }
  state().waiting.push_back(end);
  on.last = {end};
  return 0;
}

}  // extern "C"
