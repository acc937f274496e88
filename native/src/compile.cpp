#include "compile.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <fstream>

namespace topc {
namespace {

constexpr std::streamoff image_limit = std::streamoff{256} << 20;

// An NVRTC program; its destroying function takes the handle's address.
class program {
 public:
  program(const nvrtc_api &nvrtc, const std::string &source) : nvrtc_(nvrtc) {
    TOPC_CALL(nvrtc_, nvrtcCreateProgram, &handle_, source.c_str(), "source.cu", 0, nullptr,
              nullptr);
  }
  program(const program &) = delete;
  program &operator=(const program &) = delete;
  ~program() { nvrtc_.nvrtcDestroyProgram(&handle_); }

  [[nodiscard]] abi::status compile(const std::vector<std::string> &options) const {
    std::vector<const char *> texts;
    texts.reserve(options.size());
    for (const std::string &option : options) {
      texts.push_back(option.c_str());
    }
    return nvrtc_.nvrtcCompileProgram(handle_, static_cast<int>(texts.size()), texts.data());
  }

  [[nodiscard]] std::string log() const {
    std::size_t bytes = 0;
    TOPC_CALL(nvrtc_, nvrtcGetProgramLogSize, handle_, &bytes);
    std::string text(bytes, '\0');
    if (bytes > 0) {
      TOPC_CALL(nvrtc_, nvrtcGetProgramLog, handle_, text.data());
      text.resize(std::strlen(text.c_str()));
    }
    return text;
  }

  [[nodiscard]] std::string image() const {
    std::size_t bytes = 0;
    TOPC_CALL(nvrtc_, nvrtcGetCUBINSize, handle_, &bytes);
    std::string made(bytes, '\0');
    if (bytes > 0) {
      TOPC_CALL(nvrtc_, nvrtcGetCUBIN, handle_, made.data());
    }
    return made;
  }

 private:
  const nvrtc_api &nvrtc_;
  abi::nvrtc_program handle_ = nullptr;
};

bool is_file(const std::string &path) {
  struct stat found {};
  return stat(path.c_str(), &found) == 0 && S_ISREG(found.st_mode);
}

// Possible places of the toolkit's headers, relative to NVRTC: next to its folder in a toolkit and
// in CUDA 13's Python packages, in the package of the runtime in those of CUDA 12.
std::vector<std::string> header_folders(const std::string &library_path) {
  const std::size_t slash = library_path.rfind('/');
  std::vector<std::string> folders;
  if (slash != std::string::npos) {
    const std::string folder = library_path.substr(0, slash);
    for (const char *way : {"/../include", "/../../cuda_runtime/include"}) {
      if (is_file(folder + way + "/cuda_fp16.h")) {
        folders.push_back(folder + way);
      }
    }
  }
  return folders;
}

}  // namespace

compiled_image compile_source(const nvrtc_api &nvrtc, const std::string &library_path,
                              const compile_request &asked, const std::string &arch) {
  const program made(nvrtc, *asked.source);
  std::vector<std::string> options{"--gpu-architecture=" + arch};
  for (const std::string &folder : header_folders(library_path)) {
    options.push_back("--include-path=" + folder);
  }
  options.insert(options.end(), asked.options.begin(), asked.options.end());
  const abi::status status = made.compile(options);
  std::string log = made.log();
  if (status != 0) {
    const std::string first = log.substr(0, log.find('\n'));
    throw failure(failure_code::nvrtc_error,
                  "the source does not compile: " +
                      (first.empty() ? nvrtc.nvrtcGetErrorString(status) : first))
        .with("call", std::string("nvrtcCompileProgram"))
        .with("status", static_cast<std::int64_t>(status))
        .with("log", log);
  }
  return {std::move(log), made.image()};
}

compiled_image read_image(const std::string &path) {
  // Opening a pipe would wait for a writer at its other end.
  std::ifstream file;
  if (is_file(path)) {
    file.open(path, std::ios::binary | std::ios::ate);
  }
  const std::streamoff bytes = file.is_open() ? std::streamoff{file.tellg()} : -1;
  if (bytes <= 0 || bytes > image_limit) {
    throw failure(failure_code::io_error, "cannot read the image " + path).with("path", path);
  }
  compiled_image read;
  // PTX is text, which the driver expects to end with NUL; for a cubin it does not matter.
  read.image.resize(static_cast<std::size_t>(bytes) + 1, '\0');
  file.seekg(0);
  if (!file.read(read.image.data(), bytes)) {
    throw failure(failure_code::io_error, "cannot read the image " + path).with("path", path);
  }
  return read;
}

}  // namespace topc
