#include "memory.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace topc {
namespace {

// Files go through a host buffer of this size.
constexpr std::uint64_t chunk_bytes = std::uint64_t{16} << 20;
// Largest download in an answer; more goes to a file.
constexpr std::uint64_t inline_limit = std::uint64_t{1} << 20;

failure io_failure(const std::string &path, const std::string &doing) {
  return failure(failure_code::io_error,
                 "cannot " + doing + " " + path + ": " + std::strerror(errno))
      .with("path", path);
}

// An open file: a regular one. Opening a pipe would wait for a process at its other end.
class file {
 public:
  file(const std::string &path, int flags, const std::string &doing)
      : path_(path), descriptor_(::open(path.c_str(), flags | O_CLOEXEC | O_NONBLOCK, 0644)) {
    if (descriptor_ < 0) {
      throw io_failure(path, doing);
    }
    struct stat found {};
    if (::fstat(descriptor_, &found) != 0 || !S_ISREG(found.st_mode)) {
      ::close(descriptor_);
      throw failure(failure_code::io_error, "cannot " + doing + " " + path + ": it is not a file")
          .with("path", path);
    }
  }
  file(const file &) = delete;
  file &operator=(const file &) = delete;
  ~file() { ::close(descriptor_); }

  void read(void *to, std::uint64_t bytes, std::uint64_t offset) const {
    auto *at = static_cast<char *>(to);
    while (bytes > 0) {
      const ssize_t got = ::pread(descriptor_, at, bytes, static_cast<off_t>(offset));
      if (got < 0 && errno == EINTR) {
        continue;
      }
      if (got < 0) {
        throw io_failure(path_, "read");
      }
      if (got == 0) {
        throw failure(failure_code::io_error, path_ + " ends before the requested range")
            .with("path", path_);
      }
      at += got;
      offset += static_cast<std::uint64_t>(got);
      bytes -= static_cast<std::uint64_t>(got);
    }
  }

  void write(const void *from, std::uint64_t bytes) const {
    const auto *at = static_cast<const char *>(from);
    while (bytes > 0) {
      const ssize_t put = ::write(descriptor_, at, bytes);
      if (put < 0 && errno == EINTR) {
        continue;
      }
      if (put <= 0) {
        throw io_failure(path_, "write");
      }
      at += put;
      bytes -= static_cast<std::uint64_t>(put);
    }
  }

 private:
  std::string path_;
  int descriptor_;
};

void require_within(std::uint64_t offset, std::uint64_t bytes, std::uint64_t limit,
                    const std::string &pointer, const char *what) {
  if (offset > limit || bytes > limit - offset) {
    throw bad_request(pointer, "reaches to byte " + std::to_string(offset + bytes) + " of " + what +
                                   " that has " + std::to_string(limit));
  }
}

// The numbers of `seededRandom` in src/core/random.ts (mulberry32), in [-1, 1).
class seeded_numbers {
 public:
  explicit seeded_numbers(std::uint32_t seed) : state_(seed) {}

  float next() {
    state_ += 0x6d2b79f5U;
    std::uint32_t mixed = (state_ ^ state_ >> 15) * (state_ | 1U);
    mixed ^= mixed + (mixed ^ mixed >> 7) * (mixed | 61U);
    const double unit = static_cast<double>(mixed ^ mixed >> 14) / 4294967296.0;
    return static_cast<float>(-1.0 + 2.0 * unit);
  }

 private:
  std::uint32_t state_;
};

}  // namespace

owned<abi::device_ptr> allocate(const driver_api &driver, std::uint64_t bytes) {
  abi::device_ptr address = 0;
  TOPC_CUDA(driver, cuMemAlloc, &address, bytes);
  return {address, driver.cuMemFree};
}

arena_result device_memory::make(const arena_request &request) {
  // The old one is freed first: both at once may not fit.
  arena_ = {};
  bytes_ = 0;
  host_ = {};
  host_bytes_ = 0;
  owned<abi::device_ptr> arena = allocate(driver_, request.bytes);
  TOPC_CUDA(driver_, cuMemsetD8, arena.get(), 0xFF, request.bytes);
  if (request.host_bytes > 0) {
    void *host = nullptr;
    TOPC_CUDA(driver_, cuMemAllocHost, &host, request.host_bytes);
    host_ = {host, driver_.cuMemFreeHost};
    std::memset(host, 0xFF, request.host_bytes);
    host_bytes_ = request.host_bytes;
  }
  arena_ = std::move(arena);
  bytes_ = request.bytes;
  std::size_t free_bytes = 0;
  std::size_t total_bytes = 0;
  TOPC_CUDA(driver_, cuMemGetInfo, &free_bytes, &total_bytes);
  return {bytes_, free_bytes};
}

abi::device_ptr device_memory::address(std::uint64_t offset, std::uint64_t bytes,
                                       const std::string &pointer) const {
  require_within(offset, bytes, bytes_, pointer, "an arena");
  return arena_.get() + offset;
}

unsigned char *device_memory::host_address(std::uint64_t offset, std::uint64_t bytes,
                                           const std::string &pointer) const {
  require_within(offset, bytes, host_bytes_, pointer, "a host memory");
  return static_cast<unsigned char *>(host_.get()) + offset;
}

upload_result device_memory::upload(const upload_request &request) const {
  upload_result done;
  for (std::size_t i = 0; i < request.items.size(); i++) {
    const std::string pointer = "/items/" + std::to_string(i);
    if (const auto *item = std::get_if<file_upload>(&request.items[i])) {
      upload_file(*item, address(item->offset, item->bytes, pointer));
      done.bytes += item->bytes;
    } else {
      const auto &given = std::get<inline_upload>(request.items[i]);
      const abi::device_ptr to = address(given.offset, given.bytes.size(), pointer);
      if (!given.bytes.empty()) {
        TOPC_CUDA(driver_, cuMemcpyHtoD, to, given.bytes.data(), given.bytes.size());
      }
      done.bytes += given.bytes.size();
    }
  }
  return done;
}

void device_memory::upload_file(const file_upload &item, abi::device_ptr to) const {
  const file from(item.path, O_RDONLY, "open");
  std::vector<char> buffer(std::min(item.bytes, chunk_bytes));
  for (std::uint64_t done = 0; done < item.bytes;) {
    const std::uint64_t now = std::min(item.bytes - done, chunk_bytes);
    from.read(buffer.data(), now, item.file_offset + done);
    TOPC_CUDA(driver_, cuMemcpyHtoD, to + done, buffer.data(), now);
    done += now;
  }
}

void device_memory::fill(const fill_request &request) const {
  const abi::device_ptr to = address(request.offset, request.count * sizeof(float), "/count");
  seeded_numbers numbers(request.seed);
  std::vector<float> buffer(std::min(request.count, chunk_bytes / sizeof(float)));
  for (std::uint64_t done = 0; done < request.count;) {
    const std::uint64_t now = std::min<std::uint64_t>(request.count - done, buffer.size());
    for (std::uint64_t i = 0; i < now; i++) {
      buffer[i] = numbers.next();
    }
    TOPC_CUDA(driver_, cuMemcpyHtoD, to + done * sizeof(float), buffer.data(),
              now * sizeof(float));
    done += now;
  }
}

download_result device_memory::download(const download_request &request) const {
  const abi::device_ptr from = address(request.offset, request.bytes, "/bytes");
  if (request.path) {
    download_file(request, from);
    return {};
  }
  if (request.bytes > inline_limit) {
    throw bad_request("/bytes", "is more than 1 MiB: give a path to write to");
  }
  std::string bytes(request.bytes, '\0');
  if (!bytes.empty()) {
    TOPC_CUDA(driver_, cuMemcpyDtoH, bytes.data(), from, bytes.size());
  }
  return {std::move(bytes)};
}

void device_memory::download_file(const download_request &request, abi::device_ptr from) const {
  const file to(*request.path, O_WRONLY | O_CREAT | O_TRUNC, "create");
  std::vector<char> buffer(std::min(request.bytes, chunk_bytes));
  for (std::uint64_t done = 0; done < request.bytes;) {
    const std::uint64_t now = std::min(request.bytes - done, chunk_bytes);
    TOPC_CUDA(driver_, cuMemcpyDtoH, buffer.data(), from + done, now);
    to.write(buffer.data(), now);
    done += now;
  }
}

}  // namespace topc
