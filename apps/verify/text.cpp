#include "apps/verify/text.hpp"

#include <sodium.h>

#include <charconv>

namespace euromesh::verify {

std::optional<std::int64_t> number_in(std::string_view text) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    if (number < 0 || (text.size() > 1 && text[0] == '0') || text[0] == '-') return std::nullopt;
    return number;
}

std::vector<std::string_view> split(std::string_view text, char separator, std::size_t most) {
    std::vector<std::string_view> parts;
    while (parts.size() + 1 < most) {
        const std::size_t end = text.find(separator);
        if (end == std::string_view::npos) break;
        parts.push_back(text.substr(0, end));
        text.remove_prefix(end + 1);
    }
    parts.push_back(text);
    return parts;
}

std::string hex_of(std::span<const unsigned char> bytes) {
    std::string text(bytes.size() * 2 + 1, '\0');
    sodium_bin2hex(text.data(), text.size(), bytes.data(), bytes.size());
    text.pop_back();
    return text;
}

bool read_hex(std::string_view text, std::span<unsigned char> out) {
    std::size_t size = 0;
    const int status =
        sodium_hex2bin(out.data(), out.size(), text.data(), text.size(), nullptr, &size, nullptr);
    return status == 0 && size == out.size() && hex_of(out) == text;
}

bool read_base64(std::string_view text, std::span<unsigned char> out) {
    constexpr int variant = sodium_base64_VARIANT_ORIGINAL;
    std::size_t size = 0;
    if (sodium_base642bin(out.data(), out.size(), text.data(), text.size(), nullptr, &size, nullptr,
                          variant) != 0 ||
        size != out.size()) {
        return false;
    }
    std::string again(sodium_base64_encoded_len(out.size(), variant), '\0');
    sodium_bin2base64(again.data(), again.size(), out.data(), out.size(), variant);
    again.pop_back();
    return again == text;
}

}  // namespace euromesh::verify
