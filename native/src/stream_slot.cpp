#include "stream_slot.h"

#include <cstdlib>

#include "memory.h"

namespace topc {
namespace {

// NVIDIA's recommended cuBLAS workspace: 32 MiB from Hopper on, 4 MiB before.
constexpr std::uint64_t cublas_workspace_new = std::uint64_t{32} << 20;
constexpr std::uint64_t cublas_workspace_old = std::uint64_t{4} << 20;
constexpr int hopper = 9;

}  // namespace

bool has_priorities() { return std::getenv("TOP_COMPILE_STREAM_PRIORITIES") != nullptr; }

void slot_table::prepare(int streams, const slot_needs &needs) {
  while (slots_.size() < static_cast<std::size_t>(streams)) {
    abi::stream stream = nullptr;
    if (slots_.empty() || !has_priorities()) {
      TOPC_CUDA(driver_, cuStreamCreate, &stream, abi::stream_non_blocking);
    } else {
      int least = 0;
      int greatest = 0;
      TOPC_CUDA(driver_, cuCtxGetStreamPriorityRange, &least, &greatest);
      TOPC_CUDA(driver_, cuStreamCreateWithPriority, &stream, abi::stream_non_blocking, greatest);
    }
    auto slot = std::make_unique<stream_slot>();
    slot->stream = {stream, driver_.cuStreamDestroy};
    slots_.push_back(std::move(slot));
  }
  for (int i = 0; i < streams; i++) {
    stream_slot &slot = at(i);
    if (needs.cublas && !slot.cublas) {
      add_cublas(slot);
    }
    if (needs.cudnn && !slot.cudnn) {
      add_cudnn(slot);
    }
    if (needs.workspace_bytes > slot.workspace_bytes) {
      slot.workspace = {};
      slot.workspace_bytes = 0;
      slot.workspace = allocate(driver_, needs.workspace_bytes);
      slot.workspace_bytes = needs.workspace_bytes;
    }
  }
}

void slot_table::add_cublas(stream_slot &slot) {
  const cublas_api &cublas = libraries_.cublas();
  const std::uint64_t bytes =
      capability_major_ >= hopper ? cublas_workspace_new : cublas_workspace_old;
  slot.cublas_workspace = allocate(driver_, bytes);
  abi::cublas_handle handle = nullptr;
  TOPC_CALL(cublas, cublasCreate_v2, &handle);
  owned<abi::cublas_handle> made(handle, cublas.cublasDestroy_v2);
  // The stream first: setting it resets the workspace.
  TOPC_CALL(cublas, cublasSetStream_v2, handle, slot.stream.get());
  TOPC_CALL(cublas, cublasSetWorkspace_v2, handle,
            reinterpret_cast<void *>(slot.cublas_workspace.get()), bytes);
  slot.cublas = std::move(made);
}

void slot_table::add_cudnn(stream_slot &slot) {
  const cudnn_api &cudnn = libraries_.cudnn();
  abi::cudnn_handle handle = nullptr;
  TOPC_CALL(cudnn, cudnnCreate, &handle);
  owned<abi::cudnn_handle> made(handle, cudnn.cudnnDestroy);
  TOPC_CALL(cudnn, cudnnSetStream, handle, slot.stream.get());
  slot.cudnn = std::move(made);
}

}  // namespace topc
