#include "results.h"

#include "base64.h"
#include "json.h"
#include "version.h"

namespace topc {
namespace {

const char *name_of(failure_code code) {
  switch (code) {
    case failure_code::no_cuda_driver:
      return "no-cuda-driver";
    case failure_code::driver_too_old:
      return "driver-too-old";
    case failure_code::no_device:
      return "no-device";
    case failure_code::library_missing:
      return "library-missing";
    case failure_code::cuda_error:
      return "cuda-error";
    case failure_code::cublas_error:
      return "cublas-error";
    case failure_code::cudnn_error:
      return "cudnn-error";
    case failure_code::nvrtc_error:
      return "nvrtc-error";
    case failure_code::io_error:
      return "io-error";
    case failure_code::unsupported:
      return "unsupported";
    case failure_code::bad_request:
      return "bad-request";
    case failure_code::unknown_op:
      return "unknown-op";
    case failure_code::not_open:
      return "not-open";
    case failure_code::internal:
      return "internal";
  }
  return "internal";
}

json encode(const tried_path &tried) { return {{"name", tried.name}, {"error", tried.error}}; }

json encode(const device_facts &facts);
json encode(const action &each);
json encode(const node_settings &settings);
json encode(const kernel_facts &facts);
json encode(const node_kernels &node);

template <typename Item> json encode_all(const std::vector<Item> &items) {
  json all = json::array();
  for (const Item &item : items) {
    all.push_back(encode(item));
  }
  return all;
}

json encode(const failure &problem) {
  json details = json::object();
  for (const auto &[name, value] : problem.details) {
    if (const auto *number = std::get_if<std::int64_t>(&value)) {
      details[name] = *number;
    } else if (const auto *text = std::get_if<std::string>(&value)) {
      details[name] = *text;
    } else {
      details[name] = encode_all(std::get<std::vector<tried_path>>(value));
    }
  }
  json encoded{{"code", name_of(problem.code)}, {"message", problem.message}};
  if (!details.empty()) {
    encoded["details"] = std::move(details);
  }
  encoded["fatal"] = problem.fatal;
  return encoded;
}

json encode(const library_report &report) {
  if (!report.found) {
    return {{"found", false}, {"tried", encode_all(report.tried)}};
  }
  json encoded{{"found", true}, {"path", report.path}};
  if (!report.version.empty()) {
    encoded["version"] = report.version;
  }
  encoded["missing"] = report.missing;
  return encoded;
}

json encode(const device_facts &facts) {
  return {{"index", facts.index},
          {"name", facts.name},
          {"capability", {facts.capability_major, facts.capability_minor}},
          {"multiprocessors", facts.multiprocessors},
          {"threadsPerMultiprocessor", facts.threads_per_multiprocessor},
          {"blocksPerMultiprocessor", facts.blocks_per_multiprocessor},
          {"registersPerMultiprocessor", facts.registers_per_multiprocessor},
          {"sharedBytesPerMultiprocessor", facts.shared_per_multiprocessor},
          {"sharedBytesPerBlock", facts.shared_per_block},
          {"sharedBytesReservedPerBlock", facts.reserved_shared_per_block},
          {"threadsPerBlock", facts.threads_per_block},
          {"warpSize", facts.warp_size},
          {"l2Bytes", facts.l2_bytes},
          {"memoryBytes", facts.memory_bytes},
          {"clockKhz", facts.clock_khz},
          {"memoryClockKhz", facts.memory_clock_khz},
          {"memoryBusBits", facts.memory_bus_bits}};
}

json encode(const hello_result & /*nothing*/) {
  return {{"protocol", protocol_version}, {"helper", helper_version}};
}

json encode(const empty_result & /*nothing*/) { return json::object(); }

json encode(const probe_result &probe) {
  json encoded{{"driver", encode(probe.driver)}};
  if (probe.driver_version > 0) {
    encoded["driverVersion"] = std::to_string(probe.driver_version / 1000) + "." +
                               std::to_string(probe.driver_version % 1000 / 10);
  }
  encoded["libraries"] = {{"nvrtc", encode(probe.nvrtc)},
                          {"cublasLt", encode(probe.cublaslt)},
                          {"cublas", encode(probe.cublas)},
                          {"cudnn", encode(probe.cudnn)}};
  encoded["devices"] = encode_all(probe.devices);
  if (probe.problem) {
    encoded["problem"] = encode(*probe.problem);
  }
  encoded["warnings"] = probe.warnings;
  return encoded;
}

json encode(const action &each) {
  switch (each.what) {
    case action::kind::launch:
      return {{"do", "launch"}, {"stream", each.stream}, {"node", each.target}};
    case action::kind::record:
      return {{"do", "record"}, {"stream", each.stream}, {"event", each.target}};
    case action::kind::wait:
      break;
  }
  return {{"do", "wait"}, {"stream", each.stream}, {"event", each.target}};
}

json encode(const plan &made) {
  return {{"streams", made.streams},
          {"events", made.events},
          {"actions", encode_all(made.actions)}};
}

json encode(const open_result &opened) {
  return {{"device", encode(opened.device)}, {"connections", opened.connections}};
}

json encode(const arena_result &arena) {
  return {{"bytes", arena.bytes}, {"freeBytes", arena.free_bytes}};
}

json encode(const upload_result &upload) { return {{"bytes", upload.bytes}}; }

json encode(const download_result &download) {
  json encoded = json::object();
  if (download.bytes) {
    encoded["base64"] = encode_base64(*download.bytes);
  }
  return encoded;
}

json encode(const compile_result &compiled) {
  json encoded = json::object();
  if (compiled.module) {
    encoded["module"] = *compiled.module;
  }
  encoded["log"] = compiled.log;
  encoded["bytes"] = compiled.bytes;
  return encoded;
}

json encode(const node_settings &settings) {
  json encoded{{"workspaceBytes", settings.workspace_bytes}};
  if (!settings.algorithm.empty()) {
    encoded["algorithm"] = settings.algorithm;
  }
  if (settings.adds_bias) {
    encoded["addsBias"] = true;
  }
  if (settings.copies != nullptr) {
    encoded["copies"] = settings.copies;
  }
  if (settings.behind != nullptr) {
    encoded["behind"] = settings.behind;
  }
  return encoded;
}

json encode(const program_result &program) {
  json encoded{{"nodes", encode_all(program.nodes)}};
  if (program.plans > 0) {
    encoded["graphs"] = {{"different", program.plans}, {"planMs", program.plans_ms}};
  }
  return encoded;
}

json encode(const kernel_facts &facts) {
  json encoded{{"name", facts.name},
               {"grid", facts.grid},
               {"block", facts.block},
               {"registers", facts.registers},
               {"staticSharedBytes", facts.static_shared},
               {"dynamicSharedBytes", facts.dynamic_shared},
               {"localBytes", facts.local_bytes}};
  if (facts.resident_blocks) {
    encoded["residentBlocks"] = *facts.resident_blocks;
  }
  return encoded;
}

json encode(const node_kernels &node) {
  json encoded{{"kernels", encode_all(node.kernels)}, {"transfers", node.transfers}};
  if (!node.prefix_us.empty()) {
    encoded["prefixUs"] = node.prefix_us;
  }
  return encoded;
}

json encode(const kernels_result &kernels) { return {{"nodes", encode_all(kernels.nodes)}}; }

json encode(const run_result &run) { return {{"us", run.us}}; }

json encode(const measure_result &measured) {
  return {{"samplesUs", measured.samples_us}, {"hostUs", measured.host_us}};
}

// Text from outside (paths, compiler output) may not be UTF-8; invalid bytes are replaced, not
// refused.
std::string line_of(const json &document) {
  return document.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace

std::string encode_result(std::int64_t id, const any_result &answer) {
  json response{{"id", id}, {"ok", true}};
  response["result"] = std::visit([](const auto &each) { return encode(each); }, answer);
  return line_of(response);
}

std::string encode_failure(std::optional<std::int64_t> id, const failure &problem) {
  json response = json::object();
  response["id"] = id ? json(*id) : json(nullptr);
  response["ok"] = false;
  response["error"] = encode(problem);
  return line_of(response);
}

}  // namespace topc
