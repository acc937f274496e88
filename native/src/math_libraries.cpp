#include "math_libraries.h"

namespace topc {
namespace {

// Newest first; CUDA 12 and 13 have every function that is called here.
const std::vector<std::string> nvrtc_names{"libnvrtc.so.13", "libnvrtc.so.12"};
const std::vector<std::string> cublaslt_names{"libcublasLt.so.13", "libcublasLt.so.12"};
const std::vector<std::string> cublas_names{"libcublas.so.13", "libcublas.so.12"};
const std::vector<std::string> cudnn_names{"libcudnn.so.9"};

template <typename Function>
void find(library_state &state, const char *name, Function &function) {
  function = reinterpret_cast<Function>(state.search.library.symbol(name));
  if (function == nullptr) {
    state.missing.emplace_back(name);
  }
}

void set_version(library_state &state, int major, const std::string &rest) {
  state.major = major;
  state.version = std::to_string(major) + rest;
}

void require(const library_state &state, const std::string &what, const std::string &hint) {
  if (!state.search.found()) {
    throw failure(failure_code::library_missing, what + " was not found: " + hint)
        .with("library", what)
        .with("tried", state.search.tried);
  }
  if (!state.missing.empty()) {
    throw failure(failure_code::library_missing,
                  what + " lacks " + state.missing.front() + (state.missing.size() > 1 ? ", ..." : ""))
        .with("library", what)
        .with("path", state.search.library.path)
        .with("missing", state.missing.front());
  }
}

failure library_failure(failure_code code, const char *call, abi::status status,
                        const char *name) {
  const std::string said = name == nullptr ? "unknown" : name;
  return failure(code, std::string(call) + " failed: " + said)
      .with("call", std::string(call))
      .with("status", static_cast<std::int64_t>(status))
      .with("name", said);
}

}  // namespace

void nvrtc_api::check(abi::status status, const char *call) const {
  if (status != 0) {
    throw library_failure(failure_code::nvrtc_error, call, status, nvrtcGetErrorString(status));
  }
}

void cublas_api::check(abi::status status, const char *call) const {
  if (status != 0) {
    throw library_failure(failure_code::cublas_error, call, status, cublasGetStatusName(status));
  }
}

void cudnn_api::check(abi::status status, const char *call) const {
  if (status != 0) {
    throw library_failure(failure_code::cudnn_error, call, status, cudnnGetErrorString(status));
  }
}

const library_state &math_libraries::nvrtc_state() {
  if (!nvrtc_state_) {
    library_state &state = nvrtc_state_.emplace();
    state.search = open_library(nvrtc_names, folders_);
#define TOPC_FIND(name, result, args) find(state, #name, nvrtc_.name);
    TOPC_NVRTC_FUNCTIONS(TOPC_FIND)
#undef TOPC_FIND
    int major = 0;
    int minor = 0;
    if (nvrtc_.nvrtcVersion != nullptr && nvrtc_.nvrtcVersion(&major, &minor) == 0) {
      set_version(state, major, "." + std::to_string(minor));
      open_beside(state.search.library, "libnvrtc-builtins.so." + state.version);
    }
  }
  return *nvrtc_state_;
}

const library_state &math_libraries::cublaslt_state() {
  if (!cublaslt_state_) {
    library_state &state = cublaslt_state_.emplace();
    state.search = open_library(cublaslt_names, folders_);
#define TOPC_FIND(name, result, args) find(state, #name, cublaslt_.name);
    TOPC_CUBLASLT_FUNCTIONS(TOPC_FIND)
#undef TOPC_FIND
    if (cublaslt_.cublasLtGetVersion != nullptr) {
      // 130100 for 13.1.0; 120805 for 12.8.5.
      const std::size_t said = cublaslt_.cublasLtGetVersion();
      set_version(state, static_cast<int>(said / 10000),
                  "." + std::to_string(said / 100 % 100) + "." + std::to_string(said % 100));
    }
  }
  return *cublaslt_state_;
}

const library_state &math_libraries::cublas_state() {
  if (!cublas_state_) {
    (void)cublaslt_state();
    library_state &state = cublas_state_.emplace();
    state.search = open_library(cublas_names, folders_);
#define TOPC_FIND(name, result, args) find(state, #name, cublas_.name);
    TOPC_CUBLAS_FUNCTIONS(TOPC_FIND)
#undef TOPC_FIND
    int parts[3] = {0, 0, 0};
    bool known = cublas_.cublasGetProperty != nullptr;
    for (const int property : {abi::property_major, abi::property_minor, abi::property_patch}) {
      known = known && cublas_.cublasGetProperty(property, &parts[property]) == 0;
    }
    if (known) {
      set_version(state, parts[0],
                  "." + std::to_string(parts[1]) + "." + std::to_string(parts[2]));
    }
  }
  return *cublas_state_;
}

const library_state &math_libraries::cudnn_state() {
  if (!cudnn_state_) {
    (void)nvrtc_state();
    (void)cublas_state();
    library_state &state = cudnn_state_.emplace();
    state.search = open_library(cudnn_names, folders_);
#define TOPC_FIND(name, result, args) find(state, #name, cudnn_.name);
    TOPC_CUDNN_FUNCTIONS(TOPC_FIND)
#undef TOPC_FIND
    library_state graphs;
    graphs.search.library = state.search.library;
#define TOPC_FIND(name, result, args) find(graphs, #name, cudnn_graph_.name);
    TOPC_CUDNN_GRAPH_FUNCTIONS(TOPC_FIND)
#undef TOPC_FIND
    has_graphs_ = graphs.missing.empty();
    if (cudnn_.cudnnGetVersion != nullptr) {
      // 91200 for 9.12.0.
      const std::size_t said = cudnn_.cudnnGetVersion();
      set_version(state, static_cast<int>(said / 10000),
                  "." + std::to_string(said / 100 % 100) + "." + std::to_string(said % 100));
    }
  }
  return *cudnn_state_;
}

const nvrtc_api &math_libraries::nvrtc() {
  require(nvrtc_state(), "NVRTC (libnvrtc)", "it comes with the CUDA toolkit, or with pip's nvidia-cuda-nvrtc");
  return nvrtc_;
}

const cublas_api &math_libraries::cublas() {
  require(cublas_state(), "cuBLAS (libcublas)", "it comes with the CUDA toolkit, or with pip's nvidia-cublas");
  return cublas_;
}

const cublaslt_api *math_libraries::cublaslt() {
  const library_state &state = cublaslt_state();
  return state.search.found() && state.missing.empty() ? &cublaslt_ : nullptr;
}

const cudnn_api &math_libraries::cudnn() {
  require(cudnn_state(), "cuDNN 9 (libcudnn)", "it comes with pip's nvidia-cudnn-cu13 or nvidia-cudnn-cu12");
  return cudnn_;
}

const cudnn_graph_api *math_libraries::cudnn_graph() {
  (void)cudnn_state();
  return has_graphs_ ? &cudnn_graph_ : nullptr;
}

}  // namespace topc
