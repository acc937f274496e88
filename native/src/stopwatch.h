// Times work by events on the stream in which it starts and ends.
#pragma once

#include <chrono>

#include "execution.h"

namespace topc {

// A sample: what the device took, and what the host took to launch it. Units: microseconds.
struct timed_work {
  double device_us = 0;
  double host_us = 0;
};

class stopwatch {
 public:
  explicit stopwatch(const machine &on)
      : driver_(on.driver),
        stream_(on.slots.at(0).stream.get()),
        start_(make_event(on.driver, abi::event_default)),
        end_(make_event(on.driver, abi::event_default)) {}

  // Times the work that `enqueue` puts on the stream, and waits for it.
  template <typename Enqueue> [[nodiscard]] timed_work time(Enqueue enqueue) const {
    TOPC_CUDA(driver_, cuEventRecord, start_.get(), stream_);
    const auto begin = std::chrono::steady_clock::now();
    enqueue();
    const std::chrono::duration<double, std::micro> host = std::chrono::steady_clock::now() - begin;
    TOPC_CUDA(driver_, cuEventRecord, end_.get(), stream_);
    TOPC_CUDA(driver_, cuEventSynchronize, end_.get());
    float milliseconds = 0;
    TOPC_CUDA(driver_, cuEventElapsedTime, &milliseconds, start_.get(), end_.get());
    return {static_cast<double>(milliseconds) * 1000.0, host.count()};
  }

 private:
  const driver_api &driver_;
  abi::stream stream_;
  owned<abi::event> start_;
  owned<abi::event> end_;
};

}  // namespace topc
