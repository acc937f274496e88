#pragma once

namespace topc {

// The protocol that the helper speaks: raised when a request or a response changes its meaning.
inline constexpr int protocol_version = 1;

inline constexpr const char *helper_version = "0.1.0";

}  // namespace topc
