// A stream with the resources of library calls on it.
#pragma once

#include <memory>

#include "driver_api.h"
#include "math_libraries.h"
#include "owned.h"

namespace topc {

// The requirements of a program's nodes on every stream.
struct slot_needs {
  bool cublas = false;
  bool cudnn = false;
  // The largest workspace of any node.
  std::uint64_t workspace_bytes = 0;
};

// One per stream; nothing is shared between streams. Work on one stream runs in order and so can
// use the same workspace; two branches on one workspace would be a race that nothing reports.
struct stream_slot {
  owned<abi::stream> stream;
  owned<abi::device_ptr> cublas_workspace;
  owned<abi::device_ptr> workspace;
  std::uint64_t workspace_bytes = 0;
  owned<abi::cublas_handle> cublas;
  owned<abi::cudnn_handle> cudnn;
};

// Whether streams but the first one have the highest priority, and graphs keep it: an experiment, asked for
// by TOP_COMPILE_STREAM_PRIORITIES.
[[nodiscard]] bool has_priorities();

// The slots, by stream number, made on first use.
class slot_table {
 public:
  slot_table(const driver_api &driver, math_libraries &libraries, int capability_major)
      : driver_(driver), libraries_(libraries), capability_major_(capability_major) {}

  // Makes slots for streams below `streams`, each with the required resources. Not while capturing:
  // it allocates. Fails: cuda_error, cublas_error, cudnn_error, library_missing.
  void prepare(int streams, const slot_needs &needs);

  [[nodiscard]] stream_slot &at(int stream) { return *slots_[static_cast<std::size_t>(stream)]; }

 private:
  void add_cublas(stream_slot &slot);
  void add_cudnn(stream_slot &slot);

  const driver_api &driver_;
  math_libraries &libraries_;
  int capability_major_;
  std::vector<std::unique_ptr<stream_slot>> slots_;
};

}  // namespace topc
