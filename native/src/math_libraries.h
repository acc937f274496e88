// NVRTC, cuBLAS and cuDNN, each opened when it is first needed.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "abi_cudnn_graph.h"
#include "abi_math.h"
#include "failure.h"
#include "shared_library.h"

namespace topc {

#define TOPC_MEMBER(name, result, args) abi::name##_t name = nullptr;

struct nvrtc_api {
  TOPC_NVRTC_FUNCTIONS(TOPC_MEMBER)
  void check(abi::status status, const char *call) const;
};

struct cublas_api {
  TOPC_CUBLAS_FUNCTIONS(TOPC_MEMBER)
  void check(abi::status status, const char *call) const;
};

struct cublaslt_api {
  TOPC_CUBLASLT_FUNCTIONS(TOPC_MEMBER)
};

struct cudnn_api {
  TOPC_CUDNN_FUNCTIONS(TOPC_MEMBER)
  void check(abi::status status, const char *call) const;
};

struct cudnn_graph_api {
  TOPC_CUDNN_GRAPH_FUNCTIONS(TOPC_MEMBER)
};

#undef TOPC_MEMBER

// Calls a function of NVRTC, cuBLAS or cuDNN and throws when it fails.
#define TOPC_CALL(api, name, ...) (api).check((api).name(__VA_ARGS__), #name)

// Facts about a library.
struct library_state {
  library_search search;
  std::vector<std::string> missing;
  // The library's own version; empty when unknown.
  std::string version;
  // The first number of `version`; 0 when unknown.
  int major = 0;
};

// Opens the libraries in the order in which they depend on each other, each at most once.
class math_libraries {
 public:
  explicit math_libraries(const std::vector<std::string> &folders) : folders_(folders) {}

  // Each fails: library_missing, with the places searched or the missing functions.
  const nvrtc_api &nvrtc();
  const cublas_api &cublas();
  const cudnn_api &cudnn();

  // cuBLASLt, which can be done without: null when it was not found or lacks a function.
  const cublaslt_api *cublaslt();

  // cuDNN's operation graphs, which can be done without: null when it was not found or lacks a function of them.
  const cudnn_graph_api *cudnn_graph();

  // Facts about the library; opens it first if needed. Never throws for anything missing.
  const library_state &nvrtc_state();
  const library_state &cublaslt_state();
  const library_state &cublas_state();
  const library_state &cudnn_state();

 private:
  const std::vector<std::string> &folders_;
  std::optional<library_state> nvrtc_state_;
  std::optional<library_state> cublaslt_state_;
  std::optional<library_state> cublas_state_;
  std::optional<library_state> cudnn_state_;
  nvrtc_api nvrtc_;
  cublas_api cublas_;
  cublaslt_api cublaslt_;
  cudnn_api cudnn_;
  cudnn_graph_api cudnn_graph_;
  // Whether cuDNN has all functions of graphs.
  bool has_graphs_ = false;
};

}  // namespace topc
