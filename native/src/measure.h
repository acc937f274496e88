// Timing schedules against each other.
#pragma once

#include "execution.h"

namespace topc {

// Executes `replays` times in a row and returns the microseconds of one.
[[nodiscard]] run_result run_schedule(const machine &on, const run_request &asked);

// Fails: bad_request when the request asks for more than `sample_limit` samples or `work_limit`
// captured launches; cuda_error and the errors of the libraries.
[[nodiscard]] measure_result measure_schedules(const machine &on, const measure_request &asked,
                                               std::uint64_t l2_bytes);

}  // namespace topc
