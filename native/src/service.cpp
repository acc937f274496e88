#include "service.h"

#include <cstdlib>

#include "compile.h"

namespace topc {
namespace {

library_report report_of(const library_state &state) {
  return {state.search.found(), state.search.library.path, state.version, state.missing,
          state.search.tried};
}

library_report report_of(const driver_library &driver) {
  std::string version =
      driver.version > 0 ? std::to_string(driver.version / 1000) + "." +
                               std::to_string(driver.version % 1000 / 10)
                         : std::string();
  return {driver.search.found(), driver.search.library.path, std::move(version), driver.missing,
          driver.search.tried};
}

// Libraries of one release belong together: mixed ones mostly work, but are the first suspect when
// a call fails.
std::vector<std::string> warnings_of(const driver_library &driver, const library_state &nvrtc,
                                     const library_state &cublas) {
  std::vector<std::string> warnings;
  if (nvrtc.major > 0 && cublas.major > 0 && nvrtc.major != cublas.major) {
    warnings.push_back("NVRTC is of CUDA " + std::to_string(nvrtc.major) + ", cuBLAS of CUDA " +
                       std::to_string(cublas.major));
  }
  for (const auto &[name, state] : {std::pair{"NVRTC", &nvrtc}, std::pair{"cuBLAS", &cublas}}) {
    if (driver.version > 0 && state->major > driver.version / 1000) {
      warnings.push_back(std::string(name) + " is of CUDA " + std::to_string(state->major) +
                         ", which is newer than the driver's " +
                         std::to_string(driver.version / 1000));
    }
  }
  return warnings;
}

// The hardware queues that the driver was asked for, by the environment that it read at its start.
int connections() {
  const char *asked = std::getenv("CUDA_DEVICE_MAX_CONNECTIONS");
  return asked == nullptr ? 0 : std::atoi(asked);
}

}  // namespace

any_result service::handle(const any_request &asked) {
  try {
    return std::visit([this](const auto &each) { return answer(each); }, asked);
  } catch (failure &caught) {
    const bool of_device = caught.code == failure_code::cuda_error ||
                           caught.code == failure_code::cublas_error ||
                           caught.code == failure_code::cudnn_error;
    caught.fatal = of_device && session_ != nullptr && session_->is_lost();
    throw;
  }
}

driver_library &service::driver() {
  if (!driver_) {
    driver_ = open_driver(folders_);
  }
  return *driver_;
}

session &service::opened() {
  if (session_ == nullptr) {
    throw failure(failure_code::not_open, "no device is open: ask to open one first");
  }
  return *session_;
}

any_result service::answer(const hello_request & /*asked*/) { return hello_result{}; }

any_result service::answer(const quit_request & /*asked*/) {
  session_.reset();
  return empty_result{};
}

any_result service::answer(const plan_request &asked) {
  return make_plan(asked.nodes, asked.launches);
}

any_result service::answer(const probe_request & /*asked*/) {
  probe_result found;
  const driver_library &cuda = driver();
  found.driver = report_of(cuda);
  found.driver_version = cuda.version;
  if (!cuda.problem.empty()) {
    found.problem = cuda.problem.front();
  } else {
    try {
      found.devices = read_devices(cuda.api);
    } catch (const failure &caught) {
      found.problem = caught;
    }
  }
  // cuDNN last: it depends on the others.
  const library_state &nvrtc = libraries_.nvrtc_state();
  const library_state &cublas = libraries_.cublas_state();
  found.nvrtc = report_of(nvrtc);
  found.cublaslt = report_of(libraries_.cublaslt_state());
  found.cublas = report_of(cublas);
  found.cudnn = report_of(libraries_.cudnn_state());
  found.warnings = warnings_of(cuda, nvrtc, cublas);
  return found;
}

any_result service::answer(const open_request &asked) {
  session_.reset();
  const driver_library &cuda = driver();
  if (!cuda.problem.empty()) {
    throw failure(cuda.problem.front());
  }
  contexts_.enter(cuda.api, asked.device);
  session_ = std::make_unique<session>(cuda.api, libraries_, asked.device);
  return open_result{session_->facts(), connections()};
}

any_result service::answer(const arena_request &asked) { return opened().make_arena(asked); }

any_result service::answer(const upload_request &asked) {
  return opened().memory().upload(asked);
}

any_result service::answer(const fill_request &asked) {
  opened().memory().fill(asked);
  return empty_result{};
}

any_result service::answer(const download_request &asked) {
  return opened().memory().download(asked);
}

any_result service::answer(const compile_request &asked) {
  compile_result done;
  compiled_image made;
  if (asked.image) {
    (void)opened();
    made = read_image(*asked.image);
  } else {
    const std::string arch = asked.arch ? *asked.arch : architecture(opened().facts());
    made = compile_source(libraries_.nvrtc(), libraries_.nvrtc_state().search.library.path, asked,
                          arch);
  }
  if (!asked.arch) {
    done.module = opened().load(made.image);
  }
  done.log = std::move(made.log);
  done.bytes = made.image.size();
  return done;
}

any_result service::answer(const program_request &asked) { return opened().program(asked); }

any_result service::answer(const kernels_request &asked) { return opened().kernels(asked); }

any_result service::answer(const run_request &asked) { return opened().run(asked); }

any_result service::answer(const measure_request &asked) { return opened().measure(asked); }

}  // namespace topc
