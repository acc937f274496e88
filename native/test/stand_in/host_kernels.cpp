// Generated kernels use a small part of CUDA C: built-in indices, shared arrays, barriers, exchanges within
// a warp, and the C library's functions. All of it has a meaning on the host: thread blocks run one after
// the other, the threads of one that has barriers as threads of the host, of others one by one.
#include "host_kernels.h"

#include <dlfcn.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <regex>
#include <vector>

namespace stand_in {
namespace {

constexpr const char *prologue = R"(
#include <cmath>
#include <cstring>
#include <pthread.h>
#include <thread>
#include <vector>
#define __global__
#define __device__
#define __forceinline__ inline
#define __launch_bounds__(threads)
#define __restrict__ __restrict
#define __shared__ static
#define asm(...) __builtin_trap()
namespace {
struct index3 { unsigned x, y, z; };
thread_local index3 threadIdx, blockIdx;
pthread_barrier_t of_block, of_warp[32];
unsigned char slots[1024][8];
inline void __syncthreads() { pthread_barrier_wait(&of_block); }
template <typename Value> Value __shfl_xor_sync(unsigned, Value value, int mask) {
  pthread_barrier_t *warp = &of_warp[threadIdx.x / 32];
  std::memcpy(slots[threadIdx.x], &value, sizeof value);
  pthread_barrier_wait(warp);
  Value other;
  std::memcpy(&other, slots[threadIdx.x ^ static_cast<unsigned>(mask)], sizeof other);
  pthread_barrier_wait(warp);
  return other;
}
inline float __int_as_float(int bits) { float value; std::memcpy(&value, &bits, 4); return value; }
inline int __float_as_int(float value) { int bits; std::memcpy(&bits, &value, 4); return bits; }
inline double __longlong_as_double(long long bits) {
  double value;
  std::memcpy(&value, &bits, 8);
  return value;
}
inline float of_half(unsigned short bits) {
  const int exponent = (bits >> 10) & 31, fraction = bits & 1023;
  const float size = exponent == 31 ? (fraction == 0 ? INFINITY : NAN)
                     : exponent == 0 ? ldexpf(fraction, -24)
                                     : ldexpf(1024 + fraction, exponent - 25);
  return bits & 0x8000 ? -size : size;
}
// Nearest, ties to even: in units of the last place that the half of this size has.
inline unsigned short to_half(float value) {
  const unsigned short sign = std::signbit(value) ? 0x8000 : 0;
  const float size = fabsf(value);
  if (size != size) return 0x7fff;
  if (size >= 65520.0f) return sign | 0x7c00;
  int exponent = size < ldexpf(1, -14) ? -14 : ilogbf(size);
  int units = static_cast<int>(nearbyintf(ldexpf(size, 10 - exponent)));
  return sign | static_cast<unsigned short>(((exponent + 14) << 10) + units);
}
inline float rsqrtf(float value) { return 1.0f / sqrtf(value); }
inline double rsqrt(double value) { return 1.0 / sqrt(value); }
template <typename Body> void each_thread(const unsigned *grid, const unsigned *block, Body body) {
  for (unsigned b = 0; b < grid[0]; b++) {
    for (unsigned t = 0; t < block[0]; t++) {
      threadIdx = {t, 0, 0};
      blockIdx = {b, 0, 0};
      body();
    }
  }
}
template <typename Body> void together(const unsigned *grid, const unsigned *block, Body body) {
  pthread_barrier_init(&of_block, nullptr, block[0]);
  for (unsigned w = 0; w * 32 < block[0]; w++) {
    const unsigned left = block[0] - w * 32;
    pthread_barrier_init(&of_warp[w], nullptr, left < 32 ? left : 32);
  }
  for (unsigned b = 0; b < grid[0]; b++) {
    std::vector<std::thread> threads;
    for (unsigned t = 0; t < block[0]; t++) {
      threads.emplace_back([=] {
        threadIdx = {t, 0, 0};
        blockIdx = {b, 0, 0};
        body();
      });
    }
    for (auto &each : threads) each.join();
  }
}
}
)";

struct found_kernel {
  std::string name;
  std::vector<std::string> types;
  bool meets = false;
};

std::vector<found_kernel> kernels_in(const std::string &source) {
  static const std::regex head(
      R"re(extern "C" __global__ void (?:__launch_bounds__\(\d+\) )?(\w+)\(([^)]*)\) \{)re");
  std::vector<found_kernel> all;
  for (std::sregex_iterator at(source.begin(), source.end(), head), end; at != end; ++at) {
    found_kernel kernel{(*at)[1], {}, false};
    const std::string parameters = (*at)[2];
    static const std::regex pointer(R"re(([\w ]+\*)[^,]*)re");
    for (std::sregex_iterator one(parameters.begin(), parameters.end(), pointer); one != end;
         ++one) {
      kernel.types.push_back((*one)[1]);
    }
    const auto begin = static_cast<std::size_t>(at->position());
    const auto after = source.find("\n}\n", begin);
    const std::string body = source.substr(begin, after - begin);
    kernel.meets = body.find("__s") != std::string::npos;
    all.push_back(kernel);
  }
  return all;
}

std::string host_source(const std::string &source, const std::vector<found_kernel> &kernels) {
  std::string text = prologue + source;
  static const std::regex widen(R"re(asm\("\{ cvt\.f32\.f16[^;]*;[^;]*;)re");
  static const std::regex narrow(R"re(asm\("\{ cvt\.rn\.f16\.f32[^;]*;[^;]*;)re");
  text = std::regex_replace(text, widen, "value = of_half(bits);");
  text = std::regex_replace(text, narrow, "bits = to_half(value);");
  for (const auto &[name, types, meets] : kernels) {
    text += "extern \"C\" void host_" + name +
            "(void *const *p, const unsigned *grid, const unsigned *block) {\n  " +
            (meets ? "together" : "each_thread") + "(grid, block, [=] { " + name + "(";
    for (std::size_t i = 0; i < types.size(); i++) {
      text += (i == 0 ? "" : ", ") + ("(" + types[i]) + ")p[" + std::to_string(i) + "]";
    }
    text += "); });\n}\n";
  }
  return text;
}

[[noreturn]] void end_with(const std::string &what) {
  std::fprintf(stderr, "stand-in: %s\n", what.c_str());
  std::abort();
}

void *load(const std::string &text) {
  char folder[] = "/tmp/stand-in-XXXXXX";
  if (mkdtemp(folder) == nullptr) {
    end_with("no temporary folder");
  }
  const std::string base = folder;
  std::ofstream(base + "/kernels.cpp") << text;
  const char *named = std::getenv("CXX");
  const std::string command = std::string(named == nullptr ? "c++" : named) +
                              " -std=c++17 -O0 -ffp-contract=off -w -fPIC -shared -pthread " + base +
                              "/kernels.cpp -o " + base + "/kernels.so 1>&2";
  if (std::system(command.c_str()) != 0) {
    end_with("generated kernels do not compile");
  }
  void *library = dlopen((base + "/kernels.so").c_str(), RTLD_NOW | RTLD_LOCAL);
  for (const char *name : {"/kernels.cpp", "/kernels.so"}) {
    unlink((base + name).c_str());
  }
  rmdir(folder);
  if (library == nullptr) {
    end_with(dlerror());
  }
  return library;
}

}  // namespace

std::map<std::string, host_kernel> compile_for_host(const std::string &source) {
  if (source.find("%globaltimer") != std::string::npos) {
    return {};
  }
  const auto kernels = kernels_in(source);
  void *library = load(host_source(source, kernels));
  std::map<std::string, host_kernel> all;
  for (const auto &kernel : kernels) {
    void *symbol = dlsym(library, ("host_" + kernel.name).c_str());
    host_kernel made;
    made.run = reinterpret_cast<decltype(made.run)>(symbol);
    made.arguments = kernel.types.size();
    all[kernel.name] = made;
  }
  return all;
}

}  // namespace stand_in
