#include "base/base64.hpp"

#include <algorithm>
#include <array>

namespace euromesh {
namespace {

constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t no_digit = 255;

constexpr std::array<std::uint8_t, 256> values_of_digits() {
    std::array<std::uint8_t, 256> values{};
    values.fill(no_digit);
    for (std::size_t i = 0; i < digits.size(); ++i)
        values[static_cast<unsigned char>(digits[i])] = static_cast<std::uint8_t>(i);
    return values;
}

constexpr auto values = values_of_digits();

tl::unexpected<Error> not_base64() {
    return fail(Code::bad_input, "not base64 as RFC 4648 writes it");
}

}  // namespace

std::string to_base64(std::string_view bytes) {
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    std::uint32_t bits = 0;
    int held = 0;
    for (const char c : bytes) {
        bits = bits << 8 | static_cast<unsigned char>(c);
        for (held += 8; held >= 6; held -= 6) text.push_back(digits[bits >> (held - 6) & 63]);
    }
    if (held > 0) text.push_back(digits[bits << (6 - held) & 63]);
    while (text.size() % 4 != 0) text.push_back('=');
    return text;
}

std::string to_base64(std::span<const std::uint8_t> bytes) {
    return to_base64(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

Result<std::string> from_base64(std::string_view text) {
    if (text.size() % 4 != 0) return not_base64();
    for (int i = 0; i < 2 && text.ends_with('='); ++i) text.remove_suffix(1);
    if (text.size() % 4 == 1) return not_base64();
    std::string bytes;
    bytes.reserve(text.size() / 4 * 3 + 2);
    std::uint32_t bits = 0;
    int held = 0;
    for (const char c : text) {
        const std::uint8_t value = values[static_cast<unsigned char>(c)];
        if (value == no_digit) return not_base64();
        bits = bits << 6 | value;
        held += 6;
        if (held < 8) continue;
        held -= 8;
        bytes.push_back(static_cast<char>(bits >> held & 255));
    }
    // What is left over of the last digit says nothing, and is zero.
    if ((bits & ((1u << held) - 1)) != 0) return not_base64();
    return bytes;
}

Status from_base64(std::string_view text, std::span<std::uint8_t> out) {
    EM_ASSIGN(const std::string bytes, from_base64(text));
    if (bytes.size() != out.size()) {
        return fail(Code::bad_input, "base64 of {} bytes is expected, not of {}", out.size(), bytes.size());
    }
    std::copy(bytes.begin(), bytes.end(), out.begin());
    return {};
}

}  // namespace euromesh
