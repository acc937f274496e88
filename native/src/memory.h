// The arena: the one block of device memory that all nodes work in, and a block of pinned host
// memory beside it for copies that are to be measured.
#pragma once

#include "driver_api.h"
#include "owned.h"
#include "requests.h"
#include "results.h"

namespace topc {

// Device memory of `bytes`. Fails: cuda_error.
[[nodiscard]] owned<abi::device_ptr> allocate(const driver_api &driver, std::uint64_t bytes);

class device_memory {
 public:
  explicit device_memory(const driver_api &driver) : driver_(driver) {}

  // Replaces the arena there was. Every byte is 0xFF: a NaN in every float type, so that a value
  // that was never written shows.
  arena_result make(const arena_request &request);

  // The address of `bytes` bytes at `offset`. Fails: bad_request when they are not all in the
  // arena; `pointer` is the field of the request.
  [[nodiscard]] abi::device_ptr address(std::uint64_t offset, std::uint64_t bytes,
                                        const std::string &pointer) const;
  // The same for the host memory.
  [[nodiscard]] unsigned char *host_address(std::uint64_t offset, std::uint64_t bytes,
                                            const std::string &pointer) const;

  // Fails: io_error, bad_request, cuda_error.
  upload_result upload(const upload_request &request) const;
  void fill(const fill_request &request) const;
  [[nodiscard]] download_result download(const download_request &request) const;

 private:
  void upload_file(const file_upload &item, abi::device_ptr to) const;
  void download_file(const download_request &request, abi::device_ptr from) const;

  const driver_api &driver_;
  owned<abi::device_ptr> arena_;
  std::uint64_t bytes_ = 0;
  owned<void *> host_;
  std::uint64_t host_bytes_ = 0;
};

}  // namespace topc
