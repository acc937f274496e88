// The answers of the helper, before they are written as JSON.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "failure.h"
#include "planner.h"

namespace topc {

// A library in the answer to `probe`.
struct library_report {
  bool found = false;
  std::string path;
  std::string version;
  std::vector<std::string> missing;
  std::vector<tried_path> tried;
};

// A device's figures; units as in protocol.ts.
struct device_facts {
  int index = 0;
  std::string name;
  int capability_major = 0;
  int capability_minor = 0;
  int multiprocessors = 0;
  int threads_per_multiprocessor = 0;
  int blocks_per_multiprocessor = 0;
  int registers_per_multiprocessor = 0;
  int shared_per_multiprocessor = 0;
  int shared_per_block = 0;
  int reserved_shared_per_block = 0;
  int threads_per_block = 0;
  int warp_size = 0;
  int l2_bytes = 0;
  std::uint64_t memory_bytes = 0;
  int clock_khz = 0;
  int memory_clock_khz = 0;
  int memory_bus_bits = 0;
};

struct hello_result {};
struct empty_result {};

struct probe_result {
  library_report driver;
  // 13000 for 13.0; 0 when unknown.
  int driver_version = 0;
  library_report nvrtc;
  library_report cublaslt;
  library_report cublas;
  library_report cudnn;
  std::vector<device_facts> devices;
  std::optional<failure> problem;
  std::vector<std::string> warnings;
};

struct open_result {
  device_facts device;
  // Hardware queues that the driver was asked for.
  int connections = 0;
};

struct arena_result {
  std::uint64_t bytes = 0;
  std::uint64_t free_bytes = 0;
};

struct upload_result {
  std::uint64_t bytes = 0;
};

struct download_result {
  std::optional<std::string> bytes;
};

struct compile_result {
  std::optional<int> module;
  std::string log;
  std::uint64_t bytes = 0;
};

struct node_settings {
  std::uint64_t workspace_bytes = 0;
  std::string algorithm;
  // A kernel of our own adds the bias of the convolution.
  bool adds_bias = false;
  // Kernels of our own copy its result to where it belongs, or all its tensors to rows and back.
  const char *copies = nullptr;
  // What computes that which stands behind a convolution: its graph, or a kernel.
  const char *behind = nullptr;
};

struct program_result {
  std::vector<node_settings> nodes;
  // What the host took to find plans of graphs, and how many different graphs there were.
  double plans_ms = 0;
  std::size_t plans = 0;
};

struct kernel_facts {
  std::string name;
  std::array<unsigned, 3> grid{};
  std::array<unsigned, 3> block{};
  int registers = 0;
  int static_shared = 0;
  unsigned dynamic_shared = 0;
  int local_bytes = 0;
  // Empty when the driver refuses to report it.
  std::optional<int> resident_blocks;
};

struct node_kernels {
  std::vector<kernel_facts> kernels;
  int transfers = 0;
  // By kernel and round: the time up to its end, the later ones left out. Empty: not timed.
  std::vector<std::vector<double>> prefix_us;
};

struct kernels_result {
  std::vector<node_kernels> nodes;
};

struct run_result {
  double us = 0;
};

struct measure_result {
  std::vector<std::vector<double>> samples_us;
  // What the host took to launch each sample.
  std::vector<std::vector<double>> host_us;
};

using any_result = std::variant<hello_result, empty_result, probe_result, plan, open_result,
                            arena_result, upload_result, download_result, compile_result,
                            program_result, kernels_result, run_result, measure_result>;

// The lines of an answer, without the line end.
[[nodiscard]] std::string encode_result(std::int64_t id, const any_result &answer);
[[nodiscard]] std::string encode_failure(std::optional<std::int64_t> id, const failure &problem);

}  // namespace topc
