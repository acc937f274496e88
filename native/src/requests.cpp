#include "requests.h"

#include <limits>
#include <utility>

#include "base64.h"
#include "read_nodes.h"

namespace topc {
namespace {

constexpr std::size_t node_limit = launch_limit;

launch_spec read_launch(const json_reader &from) {
  from.only({"node", "stream", "after"});
  launch_spec each;
  each.node = from.at("node").integer(0, int_max);
  read_if_there(from, "stream", each.stream,
                [](const json_reader &it) { return it.integer(0, stream_limit - 1); });
  read_if_there(from, "after", each.after, [](const json_reader &it) {
    return it.list(node_limit, [](const json_reader &item) { return item.integer(0, int_max); });
  });
  return each;
}

std::vector<launch_spec> read_launches(const json_reader &from) {
  return from.at("launches").list(launch_limit, read_launch);
}

executable_spec read_executable(const json_reader &from) {
  from.only({"launches", "mode"});
  executable_spec spec{read_launches(from), false};
  read_if_there(from, "mode", spec.eager, [](const json_reader &it) {
    return it.word<bool>({{"graph", false}, {"eager", true}});
  });
  return spec;
}

plan_request read_plan(const json_reader &from) {
  from.only({"id", "op", "nodes", "schedule"});
  const json_reader schedule = from.at("schedule");
  schedule.only({"launches"});
  return {from.at("nodes").integer(0, launch_limit), read_launches(schedule)};
}

arena_request read_arena(const json_reader &from) {
  from.only({"id", "op", "bytes", "hostBytes"});
  arena_request made{from.at("bytes").size(1), 0};
  read_if_there(from, "hostBytes", made.host_bytes,
                [](const json_reader &it) { return it.size(); });
  return made;
}

std::variant<file_upload, inline_upload> read_upload_item(const json_reader &from) {
  if (from.has("base64")) {
    from.only({"base64", "offset"});
    auto bytes = decode_base64(from.at("base64").any_text());
    if (!bytes) {
      from.at("base64").refuse("must be base64 with padding");
    }
    return inline_upload{std::move(*bytes), from.at("offset").size()};
  }
  from.only({"path", "fileOffset", "bytes", "offset"});
  return file_upload{from.at("path").text(), from.at("fileOffset").size(),
                     from.at("bytes").size(), from.at("offset").size()};
}

upload_request read_upload(const json_reader &from) {
  from.only({"id", "op", "items"});
  return {from.at("items").list(node_limit, read_upload_item)};
}

fill_request read_fill(const json_reader &from) {
  from.only({"id", "op", "offset", "count", "seed"});
  return {from.at("offset").size(), from.at("count").size(),
          from.at("seed").integer<std::uint32_t>(0, std::numeric_limits<std::uint32_t>::max())};
}

download_request read_download(const json_reader &from) {
  from.only({"id", "op", "offset", "bytes", "path"});
  download_request made{from.at("offset").size(), from.at("bytes").size(), std::nullopt};
  read_if_there(from, "path", made.path, [](const json_reader &it) { return it.text(); });
  return made;
}

compile_request read_compile(const json_reader &from) {
  compile_request made;
  if (from.has("image")) {
    from.only({"id", "op", "image"});
    made.image = from.at("image").text();
    return made;
  }
  from.only({"id", "op", "source", "options", "arch"});
  made.source = from.at("source").text();
  read_if_there(from, "options", made.options, [](const json_reader &it) {
    return it.list(256, [](const json_reader &option) { return option.text(); });
  });
  read_if_there(from, "arch", made.arch, [](const json_reader &it) { return it.text(); });
  return made;
}

run_request read_run(const json_reader &from) {
  from.only({"id", "op", "schedule", "replays", "prelude"});
  run_request made{read_executable(from.at("schedule")), 1, std::nullopt};
  read_if_there(from, "replays", made.replays,
                [](const json_reader &it) { return it.integer(1, 1000000); });
  read_if_there(from, "prelude", made.prelude,
                [](const json_reader &it) { return it.integer(0, int_max); });
  return made;
}

kernels_request read_kernels_of(const json_reader &from) {
  from.only({"id", "op", "timed", "repeat", "rounds"});
  kernels_request made;
  read_if_there(from, "timed", made.timed, [](const json_reader &it) {
    return it.list(node_limit, [](const json_reader &item) { return item.integer(0, int_max); });
  });
  read_if_there(from, "repeat", made.repeat,
                [](const json_reader &it) { return it.integer(1, 1000); });
  read_if_there(from, "rounds", made.rounds,
                [](const json_reader &it) { return it.integer(1, 10000); });
  return made;
}

measure_request read_measure(const json_reader &from) {
  from.only({"id", "op", "schedules", "rounds", "replays", "repeat", "warmupMs", "flushL2",
             "prelude", "preludes"});
  measure_request made;
  made.schedules = from.at("schedules").list(1024, read_executable);
  made.rounds = from.at("rounds").integer(1, 1000000);
  read_if_there(from, "replays", made.replays,
                [](const json_reader &it) { return it.integer(1, 1000000); });
  read_if_there(from, "repeat", made.repeat,
                [](const json_reader &it) { return it.integer(1, 10000); });
  read_if_there(from, "warmupMs", made.warmup_ms,
                [](const json_reader &it) { return it.number(0, 600000); });
  read_if_there(from, "flushL2", made.flush_l2, read_boolean);
  read_if_there(from, "prelude", made.prelude,
                [](const json_reader &it) { return it.integer(0, int_max); });
  read_if_there(from, "preludes", made.preludes, [](const json_reader &it) {
    return it.list(1024, [](const json_reader &item) { return item.integer(0, int_max); });
  });
  if (!made.preludes.empty() && made.preludes.size() != made.schedules.size()) {
    from.at("preludes").refuse("must have one for each schedule");
  }
  return made;
}

template <typename Empty> any_request read_empty(const json_reader &from) {
  from.only({"id", "op"});
  return Empty{};
}

any_request read_request(const json_reader &from, const std::string &op) {
  if (op == "hello") return read_empty<hello_request>(from);
  if (op == "probe") return read_empty<probe_request>(from);
  if (op == "plan") return read_plan(from);
  if (op == "arena") return read_arena(from);
  if (op == "upload") return read_upload(from);
  if (op == "fill") return read_fill(from);
  if (op == "download") return read_download(from);
  if (op == "compile") return read_compile(from);
  if (op == "kernels") return read_kernels_of(from);
  if (op == "run") return read_run(from);
  if (op == "measure") return read_measure(from);
  if (op == "quit") return read_empty<quit_request>(from);
  if (op == "open") {
    from.only({"id", "op", "device"});
    return open_request{from.at("device").integer(0, int_max)};
  }
  if (op == "program") {
    from.only({"id", "op", "nodes"});
    return program_request{from.at("nodes").list(node_limit, read_node)};
  }
  throw failure(failure_code::unknown_op, "there is no such request");
}

}  // namespace

any_request decode_request(std::string_view line, std::optional<std::int64_t> &id) {
  const json document = json::parse(line, nullptr, false);
  const json_reader root(document);
  if (document.is_discarded() || !document.is_object()) {
    root.refuse("must be one JSON object on a line");
  }
  id = root.at("id").integer<std::int64_t>(0, std::int64_t{1} << 53);
  return read_request(root, root.at("op").text());
}

}  // namespace topc
