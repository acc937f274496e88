// Bytes as text (RFC 4648).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace topc {

[[nodiscard]] std::string encode_base64(std::string_view bytes);

// Returns nothing when the text is not base64 with padding.
[[nodiscard]] std::optional<std::string> decode_base64(std::string_view text);

}  // namespace topc
