// A handle that its owner destroys, once.
#pragma once

#include <utility>

#include "abi_types.h"

namespace topc {

// Owns a handle of NVIDIA's libraries and the function that destroys it. Moves, never copies. The
// status of the destroying function is dropped: it can only be an old error of the device, which
// the call that caused it has reported already.
template <typename Handle> class owned {
 public:
  using destroyer = abi::status (*)(Handle);

  owned() = default;
  owned(Handle handle, destroyer destroy) noexcept : handle_(handle), destroy_(destroy) {}
  owned(owned &&other) noexcept
      : handle_(std::exchange(other.handle_, Handle{})),
        destroy_(std::exchange(other.destroy_, nullptr)) {}
  owned &operator=(owned &&other) noexcept {
    owned taken(std::move(other));
    std::swap(handle_, taken.handle_);
    std::swap(destroy_, taken.destroy_);
    return *this;
  }
  owned(const owned &) = delete;
  owned &operator=(const owned &) = delete;
  ~owned() {
    if (handle_ != Handle{}) {
      destroy_(handle_);
    }
  }

  [[nodiscard]] Handle get() const noexcept { return handle_; }
  explicit operator bool() const noexcept { return handle_ != Handle{}; }

 private:
  Handle handle_{};
  destroyer destroy_ = nullptr;
};

}  // namespace topc
