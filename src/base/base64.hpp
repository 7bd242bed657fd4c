// Bytes as text: base64 of RFC 4648, section 4, with padding.
//
// Decoding is strict: only what encoding writes is read, so that no two texts mean the same bytes (a
// signature whose spelling can be changed is a way to change a file without being noticed). Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace euromesh {

std::string to_base64(std::span<const std::uint8_t> bytes);
std::string to_base64(std::string_view bytes);

// bad_input: not exactly what to_base64 writes.
Result<std::string> from_base64(std::string_view text);
// bad_input also: not out.size() bytes.
Status from_base64(std::string_view text, std::span<std::uint8_t> out);

}  // namespace euromesh
