// Strict reading of numbers, hexadecimal and base64: one spelling for each value.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace euromesh::verify {

// Decimal digits without a leading zero, below 2^63.
std::optional<std::int64_t> number_in(std::string_view text);
// The parts between single separators; the rest is in the last one when there are `most` of them.
std::vector<std::string_view> split(std::string_view text, char separator, std::size_t most);

// Lower-case hexadecimal of exactly out.size() bytes.
bool read_hex(std::string_view text, std::span<unsigned char> out);
std::string hex_of(std::span<const unsigned char> bytes);
// RFC 4648, section 4, with padding, of exactly out.size() bytes.
bool read_base64(std::string_view text, std::span<unsigned char> out);

}  // namespace euromesh::verify
