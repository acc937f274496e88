// The waits that a schedule needs.
//
// A schedule names for every launch those that must have ended before it. CUDA has two ways to
// express this: launches of one stream run in order, and a stream can wait for an event that was
// recorded in another one. The obvious way, an event and a wait for every dependency, costs the
// device a synchronization for each; most are implied by others. Example: a (stream 0), then b
// after a (stream 1), then c after a and b (stream 2). c's wait for b implies the one for a.
//
// The idea is the vector clock: every stream keeps, for each stream, how far that one is known to
// have come. A launch waits for a dependency only if its stream does not know it to have ended, and
// then learns everything that the awaited launch knew. Dependencies are taken in the reverse of
// launch order: a later one can imply an earlier one, never the other way round, so the smallest
// set is kept. That no wait can be left out and none is missing is a property test.
//
// Two things come from capture. Every other stream must be joined to the one in which capture began
// (stream 0) before its first launch, by waiting for an event of a stream that is already joined;
// and at the end stream 0 must wait, directly or not, for all of them. Both are left out where they
// are implied.
//
// Source: vector clocks, Mattern 1988 and Fidge 1988. Differs: only launches that another stream
// waits for keep their clock.
#include "planner.h"

#include <algorithm>
#include <string>

#include "failure.h"

namespace topc {
namespace {

// Per stream: the position in launch order up to which its launches are known to have ended, plus 1.
using clock = std::vector<int>;

void learn(clock &mine, const clock &theirs) {
  for (std::size_t i = 0; i < mine.size(); i++) {
    mine[i] = std::max(mine[i], theirs[i]);
  }
}

std::string place_of(std::size_t position) {
  return "/schedule/launches/" + std::to_string(position);
}

// The waits of each launch, as positions of the launches waited for.
struct waits {
  std::vector<std::vector<int>> of_launch;
  // Whether a launch of another stream waits for this one.
  std::vector<char> awaited;
  // Waits of stream 0 after the last launch.
  std::vector<int> at_end;
};

class wait_finder {
 public:
  wait_finder(int nodes, const std::vector<launch_spec> &launches, int streams)
      : launches_(launches),
        clocks_(static_cast<std::size_t>(streams), clock(static_cast<std::size_t>(streams), 0)),
        last_(static_cast<std::size_t>(streams), -1),
        position_of_(static_cast<std::size_t>(nodes), -1) {}

  waits find() {
    mark_awaited_elsewhere();
    waits found{std::vector<std::vector<int>>(launches_.size()),
                std::vector<char>(launches_.size(), 0),
                {}};
    for (std::size_t i = 0; i < launches_.size(); i++) {
      const auto position = static_cast<int>(i);
      const auto own = static_cast<std::size_t>(launches_[i].stream);
      found.of_launch[i] = needed(own, positions_after(launches_[i]), found.awaited);
      clocks_[own][own] = position + 1;
      last_[own] = position;
      if (kept_[i] != 0) {
        snapshots_[i] = clocks_[own];
      }
    }
    found.at_end = needed(0, tails(), found.awaited);
    return found;
  }

 private:
  // This runs first, and also checks the launches.
  void mark_awaited_elsewhere() {
    kept_.assign(launches_.size(), 0);
    snapshots_.resize(launches_.size());
    const auto nodes = static_cast<int>(position_of_.size());
    for (std::size_t i = 0; i < launches_.size(); i++) {
      const launch_spec &each = launches_[i];
      if (each.node < 0 || each.node >= nodes) {
        throw bad_request(place_of(i) + "/node", "names node " + std::to_string(each.node) +
                                                     ", there are " + std::to_string(nodes));
      }
      for (std::size_t k = 0; k < each.after.size(); k++) {
        const int before = each.after[k];
        const int position =
            before < 0 || before >= nodes ? -1 : position_of_[static_cast<std::size_t>(before)];
        if (position < 0) {
          throw bad_request(place_of(i) + "/after/" + std::to_string(k),
                            "names node " + std::to_string(before) +
                                ", which is not launched before");
        }
        const auto at = static_cast<std::size_t>(position);
        if (launches_[at].stream != each.stream) {
          kept_[at] = 1;
        }
      }
      int &position = position_of_[static_cast<std::size_t>(each.node)];
      if (position >= 0) {
        throw bad_request(place_of(i) + "/node",
                          "launches node " + std::to_string(each.node) + " a second time");
      }
      position = static_cast<int>(i);
    }
  }

  std::vector<int> positions_after(const launch_spec &each) const {
    std::vector<int> positions;
    positions.reserve(each.after.size());
    for (const int node : each.after) {
      positions.push_back(position_of_[static_cast<std::size_t>(node)]);
    }
    return positions;
  }

  std::vector<int> tails() const {
    std::vector<int> positions;
    for (const int position : last_) {
      if (position >= 0) {
        positions.push_back(position);
      }
    }
    return positions;
  }

  // The positions that `stream` has to wait for before it knows all of `candidates` to have ended.
  std::vector<int> needed(std::size_t stream, std::vector<int> candidates,
                          std::vector<char> &awaited) {
    std::sort(candidates.begin(), candidates.end(), std::greater<>());
    std::vector<int> chosen;
    for (const int position : candidates) {
      const auto at = static_cast<std::size_t>(position);
      const auto other = static_cast<std::size_t>(launches_[at].stream);
      if (clocks_[stream][other] > position || other == stream) {
        continue;
      }
      // A tail's clock is its stream's clock, which nothing has changed since.
      learn(clocks_[stream], snapshots_[at].empty() ? clocks_[other] : snapshots_[at]);
      awaited[at] = 1;
      chosen.push_back(position);
    }
    return chosen;
  }

  const std::vector<launch_spec> &launches_;
  std::vector<clock> clocks_;
  // Position of the last launch of each stream so far.
  std::vector<int> last_;
  std::vector<int> position_of_;
  // Whether a launch of another stream names the launch, and if so its clock at its end.
  std::vector<char> kept_;
  std::vector<clock> snapshots_;
};

int streams_of(const std::vector<launch_spec> &launches) {
  if (launches.size() > static_cast<std::size_t>(launch_limit)) {
    throw bad_request("/schedule/launches", "has more than " + std::to_string(launch_limit) +
                                                " launches");
  }
  int streams = 1;
  for (std::size_t i = 0; i < launches.size(); i++) {
    const int stream = launches[i].stream;
    if (stream < 0 || stream >= stream_limit) {
      throw bad_request(place_of(i) + "/stream",
                        "must be in 0 to " + std::to_string(stream_limit - 1));
    }
    streams = std::max(streams, stream + 1);
  }
  return streams;
}

// Streams whose first launch has no waits: they are joined to capture by an event of their own.
std::vector<int> streams_to_fork(const std::vector<launch_spec> &launches, const waits &found,
                                 int streams) {
  std::vector<int> fork;
  std::vector<char> seen(static_cast<std::size_t>(streams), 0);
  for (std::size_t i = 0; i < launches.size(); i++) {
    char &started = seen[static_cast<std::size_t>(launches[i].stream)];
    if (started == 0 && launches[i].stream != 0 && found.of_launch[i].empty()) {
      fork.push_back(launches[i].stream);
    }
    started = 1;
  }
  return fork;
}

}  // namespace

plan make_plan(int nodes, const std::vector<launch_spec> &launches) {
  plan made;
  made.streams = streams_of(launches);
  const waits found = wait_finder(nodes, launches, made.streams).find();
  const std::vector<int> fork = streams_to_fork(launches, found, made.streams);
  if (!fork.empty()) {
    const int event = made.events++;
    made.actions.push_back({action::kind::record, 0, event});
    for (const int stream : fork) {
      made.actions.push_back({action::kind::wait, stream, event});
    }
  }
  std::vector<int> event_of(launches.size(), -1);
  const auto wait_for = [&](int stream, const std::vector<int> &positions) {
    for (const int position : positions) {
      made.actions.push_back(
          {action::kind::wait, stream, event_of[static_cast<std::size_t>(position)]});
    }
  };
  for (std::size_t i = 0; i < launches.size(); i++) {
    wait_for(launches[i].stream, found.of_launch[i]);
    made.actions.push_back({action::kind::launch, launches[i].stream, launches[i].node});
    if (found.awaited[i] != 0) {
      event_of[i] = made.events++;
      made.actions.push_back({action::kind::record, launches[i].stream, event_of[i]});
    }
  }
  wait_for(0, found.at_end);
  return made;
}

}  // namespace topc
