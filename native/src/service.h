// The handling of each request.
#pragma once

#include <memory>
#include <optional>

#include "session.h"

namespace topc {

class service {
 public:
  // `folders` are searched for libraries before all others.
  explicit service(const std::vector<std::string> &folders) : folders_(library_folders(folders)) {}

  // Fails: as the request can fail; `fatal` when the device is lost.
  any_result handle(const any_request &asked);

 private:
  any_result answer(const hello_request &asked);
  any_result answer(const probe_request &asked);
  any_result answer(const plan_request &asked);
  any_result answer(const open_request &asked);
  any_result answer(const arena_request &asked);
  any_result answer(const upload_request &asked);
  any_result answer(const fill_request &asked);
  any_result answer(const download_request &asked);
  any_result answer(const compile_request &asked);
  any_result answer(const program_request &asked);
  any_result answer(const kernels_request &asked);
  any_result answer(const run_request &asked);
  any_result answer(const measure_request &asked);
  any_result answer(const quit_request &asked);

  driver_library &driver();
  session &opened();

  std::vector<std::string> folders_;
  std::optional<driver_library> driver_;
  math_libraries libraries_{folders_};
  context_table contexts_;
  std::unique_ptr<session> session_;
};

}  // namespace topc
