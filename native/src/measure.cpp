// Timing of schedules.
//
// Events on the stream in which a schedule starts and ends bracket each sample, so the device's
// clock is read, not the host's. Candidates take turns, round by round, each round starting with
// another one: a device that warms up or slows down does so for all of them. Everything else
// (medians, intervals, the comparison with a baseline measured twice) is up to the client.
#include "measure.h"

#include <chrono>
#include <optional>
#include <utility>

#include "stopwatch.h"

namespace topc {
namespace {

constexpr std::uint64_t sample_limit = 10000000;
constexpr std::uint64_t work_limit = 5000000;

// Twice the cache is overwritten: once may leave some of it.
constexpr std::uint64_t flush_factor = 2;

// Overwrites the L2 cache on request.
class cache_flush {
 public:
  cache_flush(const driver_api &driver, std::uint64_t bytes) : driver_(driver), bytes_(bytes) {
    if (bytes > 0) {
      buffer_ = allocate(driver, bytes);
    }
  }

  void enqueue(abi::stream stream) const {
    if (buffer_) {
      TOPC_CUDA(driver_, cuMemsetD8Async, buffer_.get(), 0, bytes_, stream);
    }
  }

 private:
  const driver_api &driver_;
  std::uint64_t bytes_;
  owned<abi::device_ptr> buffer_;
};

void require_bounded(const measure_request &asked) {
  std::uint64_t launches = 0;
  for (const executable_spec &each : asked.schedules) {
    launches += each.launches.size();
  }
  if (launches * static_cast<std::uint64_t>(asked.repeat) > work_limit) {
    throw bad_request("/repeat", "makes more than " + std::to_string(work_limit) +
                                     " launches of the schedules");
  }
  if (asked.schedules.size() * static_cast<std::uint64_t>(asked.rounds) > sample_limit) {
    throw bad_request("/rounds", "asks for more than " + std::to_string(sample_limit) +
                                     " samples");
  }
}

// Executes all in turn until the time is over, so that the first round finds the device at speed.
void warm_up(const machine &on, const std::vector<executable> &candidates, double limit_ms) {
  const auto start = std::chrono::steady_clock::now();
  const std::chrono::duration<double, std::milli> limit(limit_ms);
  while (!candidates.empty() && std::chrono::steady_clock::now() - start < limit) {
    for (const executable &each : candidates) {
      each.launch();
    }
    synchronize(on.driver);
  }
}

// A node that is launched before the clock starts; may be absent. Fails: bad_request.
const node *prepare_prelude(const machine &on, std::optional<int> number,
                            const std::string &pointer = "/prelude") {
  slot_needs needs;
  const node *prelude = nullptr;
  if (number) {
    if (static_cast<std::size_t>(*number) >= on.nodes.size()) {
      throw bad_request(pointer, "names node " + std::to_string(*number) + ", there are " +
                                     std::to_string(on.nodes.size()));
    }
    prelude = on.nodes[static_cast<std::size_t>(*number)].get();
    prelude->require(needs);
  }
  on.slots.prepare(1, needs);
  return prelude;
}

// The prelude of each schedule: its own, or that of all.
std::vector<const node *> prepare_preludes(const machine &on, const measure_request &asked) {
  std::vector<const node *> found(asked.schedules.size(), prepare_prelude(on, asked.prelude));
  for (std::size_t i = 0; i < asked.preludes.size(); i++) {
    found[i] = prepare_prelude(on, asked.preludes[i], "/preludes/" + std::to_string(i));
  }
  return found;
}

}  // namespace

run_result run_schedule(const machine &on, const run_request &asked) {
  const node *prelude = prepare_prelude(on, asked.prelude);
  const executable made(on, prepare_schedule(on, asked.schedule), asked.schedule.eager, 1);
  const stopwatch watch(on);
  // After the preparation, which executes the schedule once: the prelude's effect is then in place
  // for the executions that follow.
  if (prelude != nullptr) {
    prelude->launch(on.slots.at(0));
  }
  const timed_work took = watch.time([&] {
    for (int i = 0; i < asked.replays; i++) {
      made.launch();
    }
  });
  return {took.device_us / asked.replays};
}

measure_result measure_schedules(const machine &on, const measure_request &asked,
                                 std::uint64_t l2_bytes) {
  require_bounded(asked);
  const std::vector<const node *> preludes = prepare_preludes(on, asked);
  std::vector<plan> plans;
  plans.reserve(asked.schedules.size());
  for (const executable_spec &spec : asked.schedules) {
    plans.push_back(prepare_schedule(on, spec));
  }
  std::vector<executable> candidates;
  candidates.reserve(plans.size());
  for (std::size_t i = 0; i < plans.size(); i++) {
    candidates.emplace_back(on, std::move(plans[i]), asked.schedules[i].eager, asked.repeat);
  }
  const cache_flush flush(on.driver, asked.flush_l2 ? l2_bytes * flush_factor : 0);
  const stopwatch watch(on);
  warm_up(on, candidates, asked.warmup_ms);

  measure_result measured;
  measured.samples_us.resize(candidates.size());
  measured.host_us.resize(candidates.size());
  const double executions = static_cast<double>(asked.replays) * asked.repeat;
  const stream_slot &origin = on.slots.at(0);
  for (std::size_t round = 0; round < static_cast<std::size_t>(asked.rounds); round++) {
    for (std::size_t turn = 0; turn < candidates.size(); turn++) {
      const std::size_t index = (round + turn) % candidates.size();
      flush.enqueue(origin.stream.get());
      if (preludes[index] != nullptr) {
        preludes[index]->launch(origin);
      }
      const timed_work took = watch.time([&] {
        for (int i = 0; i < asked.replays; i++) {
          candidates[index].launch();
        }
      });
      measured.samples_us[index].push_back(took.device_us / executions);
      measured.host_us[index].push_back(took.host_us);
    }
  }
  return measured;
}

}  // namespace topc
