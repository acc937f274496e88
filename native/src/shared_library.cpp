#include "shared_library.h"

#include <dlfcn.h>
#include <glob.h>
#include <link.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>

namespace topc {
namespace {

// Most failed places in a report.
constexpr std::size_t told_limit = 24;

bool is_folder(const std::string &path) {
  struct stat found {};
  return stat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode);
}

bool is_file(const std::string &path) {
  struct stat found {};
  return stat(path.c_str(), &found) == 0 && !S_ISDIR(found.st_mode);
}

std::string environment(const char *name) {
  const char *value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

std::vector<std::string> split(const std::string &text) {
  std::vector<std::string> parts;
  std::size_t start = 0;
  while (start <= text.size()) {
    const std::size_t end = std::min(text.find(':', start), text.size());
    if (end > start) {
      parts.push_back(text.substr(start, end - start));
    }
    start = end + 1;
  }
  return parts;
}

void add_folder(std::vector<std::string> &folders, const std::string &folder) {
  if (is_folder(folder) && std::find(folders.begin(), folders.end(), folder) == folders.end()) {
    folders.push_back(folder);
  }
}

// Newest first: cuda-13.0 before cuda-12.8.
void add_matching(std::vector<std::string> &folders, const std::string &pattern) {
  glob_t found{};
  if (glob(pattern.c_str(), GLOB_NOSORT, nullptr, &found) == 0) {
    std::vector<std::string> paths(found.gl_pathv, found.gl_pathv + found.gl_pathc);
    std::sort(paths.rbegin(), paths.rend());
    for (const std::string &path : paths) {
      add_folder(folders, path);
    }
  }
  globfree(&found);
}

// Where pip puts the libraries below the prefix of a Python: CUDA 13's packages share nvidia/cu13,
// older ones have a folder each.
void add_python_prefix(std::vector<std::string> &folders, const std::string &prefix) {
  if (!prefix.empty()) {
    add_matching(folders, prefix + "/lib/python3*/site-packages/nvidia/*/lib");
    add_matching(folders, prefix + "/lib/python3*/dist-packages/nvidia/*/lib");
  }
}

// The packages of the Python whose programs are in this folder: PREFIX/bin.
void add_python_of(std::vector<std::string> &folders, const std::string &programs) {
  const std::string bin = "/bin";
  if (programs.size() > bin.size() &&
      programs.compare(programs.size() - bin.size(), bin.size(), bin) == 0) {
    add_python_prefix(folders, programs.substr(0, programs.size() - bin.size()));
  }
}

// The target of a link; empty for anything else.
std::string target_of(const std::string &link) {
  std::array<char, 4096> text{};
  const ssize_t length = readlink(link.c_str(), text.data(), text.size());
  if (length <= 0 || static_cast<std::size_t>(length) == text.size()) {
    return {};
  }
  const std::string target(text.data(), static_cast<std::size_t>(length));
  return target.front() == '/' ? target : link.substr(0, link.rfind('/') + 1) + target;
}

// The packages of a Python, and of those that it is a link to, link by link: one on the path may lead
// into a virtual environment, and the one there to the system's.
void add_python(std::vector<std::string> &folders, std::string python) {
  constexpr int link_limit = 16;
  for (int i = 0; i < link_limit && !python.empty(); i++) {
    char *programs = realpath(python.substr(0, python.rfind('/')).c_str(), nullptr);
    if (programs != nullptr) {
      add_python_of(folders, programs);
    }
    std::free(programs);
    python = target_of(python);
  }
}

// The packages of the Pythons on the path.
void add_pythons_of_path(std::vector<std::string> &folders) {
  for (const std::string &part : split(environment("PATH"))) {
    add_python_of(folders, part);
    for (const char *name : {"/python3", "/python"}) {
      if (is_file(part + name)) {
        add_python(folders, part + name);
      }
    }
  }
}

std::string path_of(void *handle, const std::string &asked) {
  link_map *map = nullptr;
  if (dlinfo(handle, RTLD_DI_LINKMAP, &map) == 0 && map != nullptr && map->l_name != nullptr &&
      map->l_name[0] != '\0') {
    return map->l_name;
  }
  return asked;
}

bool try_open(library_search &search, const std::string &path) {
  void *handle = dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL);
  if (handle != nullptr) {
    search.library = {handle, path_of(handle, path)};
    return true;
  }
  const char *error = dlerror();
  if (search.tried.size() < told_limit) {
    search.tried.push_back({path, error == nullptr ? "cannot be opened" : error});
  }
  return false;
}

}  // namespace

void *shared_library::symbol(const char *name) const {
  return handle == nullptr ? nullptr : dlsym(handle, name);
}

std::vector<std::string> library_folders(const std::vector<std::string> &first) {
  std::vector<std::string> folders;
  for (const std::string &folder : first) {
    add_folder(folders, folder);
  }
  for (const char *name : {"CUDA_HOME", "CUDA_PATH"}) {
    const std::string root = environment(name);
    if (!root.empty()) {
      add_folder(folders, root + "/lib64");
      add_folder(folders, root + "/lib");
    }
  }
  add_python_prefix(folders, environment("VIRTUAL_ENV"));
  add_python_prefix(folders, environment("CONDA_PREFIX"));
  const std::string conda = environment("CONDA_PREFIX");
  if (!conda.empty()) {
    add_folder(folders, conda + "/lib");
  }
  add_pythons_of_path(folders);
  const std::string home = environment("HOME");
  if (!home.empty()) {
    add_python_prefix(folders, home + "/.local");
  }
  add_folder(folders, "/usr/local/cuda/lib64");
  add_matching(folders, "/usr/local/cuda-1[2-9]*/lib64");
  // Drivers of containers and of Windows' Linux.
  add_folder(folders, "/usr/local/nvidia/lib64");
  add_folder(folders, "/usr/local/nvidia/lib");
  add_folder(folders, "/usr/lib/wsl/lib");
  return folders;
}

library_search open_library(const std::vector<std::string> &names,
                            const std::vector<std::string> &folders) {
  library_search search;
  for (const std::string &name : names) {
    for (const std::string &folder : folders) {
      const std::string path = folder + "/" + name;
      if (is_file(path) && try_open(search, path)) {
        return search;
      }
    }
  }
  for (const std::string &name : names) {
    if (try_open(search, name)) {
      return search;
    }
  }
  return search;
}

void open_beside(const shared_library &other, const std::string &name) {
  const std::size_t slash = other.path.rfind('/');
  if (slash != std::string::npos) {
    const std::string path = other.path.substr(0, slash + 1) + name;
    if (is_file(path)) {
      (void)dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL);
    }
  }
}

}  // namespace topc
