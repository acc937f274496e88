// Generated kernels use a small part of CUDA C: built-in indices, shared arrays, barriers, exchanges within
// a warp, and the C library's functions. All of it has a meaning on the host: thread blocks run one after
// the other, their threads one by one; where a kernel has barriers, each has a stack of its own and runs from
// one barrier to the next, first to last in one block and last to first in the next, so that a barrier that
// is missing shows every time.
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
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ucontext.h>
#define __global__
#define __device__
#define __forceinline__ inline
#define __launch_bounds__(threads)
#define __restrict__ __restrict
#define __shared__ static
#define asm(...) __builtin_trap()
namespace {
struct index3 { unsigned x, y, z; };
index3 threadIdx, blockIdx;
// A place where threads wait for each other, and how often they have all come.
struct meeting { unsigned expected, arrived, times; } of_block, of_warp[32];
// A thread of a block with barriers: where it goes on, and what it waits for.
struct fiber { ucontext_t context; const meeting *at; unsigned times; bool ended; } fibers[1024];
unsigned char stacks[1024][1 << 15];
ucontext_t blocks;
unsigned moves;
void (*body_of_all)(const void *);
const void *body_of_one;
void meet(meeting &there) {
  fiber &self = fibers[threadIdx.x];
  const unsigned times = there.times;
  moves++;
  if (++there.arrived == there.expected) {
    there.arrived = 0;
    there.times++;
    return;
  }
  self.at = &there;
  self.times = times;
  swapcontext(&self.context, &blocks);
}
void live() {
  for (;;) {
    body_of_all(body_of_one);
    fiber &self = fibers[threadIdx.x];
    self.ended = true;
    moves++;
    swapcontext(&self.context, &blocks);
  }
}
inline void __syncthreads() { meet(of_block); }
unsigned char slots[1024][8];
template <typename Value> Value __shfl_xor_sync(unsigned, Value value, int mask) {
  meeting &warp = of_warp[threadIdx.x / 32];
  std::memcpy(slots[threadIdx.x], &value, sizeof value);
  meet(warp);
  Value other;
  std::memcpy(&other, slots[threadIdx.x ^ static_cast<unsigned>(mask)], sizeof other);
  meet(warp);
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
// Lets every thread that can go on do so once, and says whether any is left.
bool take_turns(unsigned threads, bool backwards) {
  bool left = false;
  const unsigned before = moves;
  for (unsigned i = 0; i < threads; i++) {
    const unsigned t = backwards ? threads - 1 - i : i;
    fiber &next = fibers[t];
    if (!next.ended && (next.at == nullptr || next.at->times != next.times)) {
      threadIdx = {t, 0, 0};
      next.at = nullptr;
      swapcontext(&blocks, &next.context);
    }
    left = left || !next.ended;
  }
  if (left && moves == before) {
    std::fprintf(stderr, "stand-in: threads wait at a barrier that others never reach\n");
    std::abort();
  }
  return left;
}
template <typename Body> void together(const unsigned *grid, const unsigned *block, Body body) {
  const unsigned threads = block[0];
  of_block = {threads, 0, 0};
  for (unsigned w = 0; w * 32 < threads; w++) {
    const unsigned left = threads - w * 32;
    of_warp[w] = {left < 32 ? left : 32, 0, 0};
  }
  body_of_all = [](const void *all) { (*static_cast<const Body *>(all))(); };
  body_of_one = &body;
  for (unsigned t = 0; t < threads; t++) {
    getcontext(&fibers[t].context);
    fibers[t].context.uc_stack.ss_sp = stacks[t];
    fibers[t].context.uc_stack.ss_size = sizeof stacks[t];
    makecontext(&fibers[t].context, live, 0);
  }
  for (unsigned b = 0; b < grid[0]; b++) {
    blockIdx = {b, 0, 0};
    for (unsigned t = 0; t < threads; t++) {
      fibers[t].at = nullptr;
      fibers[t].ended = false;
    }
    while (take_turns(threads, b % 2 != 0)) {
    }
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
                              " -std=c++17 -O0 -ffp-contract=off -w -fPIC -shared " + base +
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
