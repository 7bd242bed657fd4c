#include "federation/identity/random_id.hpp"

#include "base/assert.hpp"
#include "federation/identity/base64url.hpp"

namespace euromesh::federation {

std::string random_id(const RandomSource& random, std::size_t bytes) {
    std::string raw(bytes, '\0');
    random(std::as_writable_bytes(std::span(raw.data(), raw.size())));
    return base64url(raw);
}

std::string random_text(const RandomSource& random, std::string_view alphabet, std::size_t size) {
    EM_ASSERT(!alphabet.empty() && alphabet.size() <= 256, "a byte chooses a character");
    const std::size_t fair = 256 - 256 % alphabet.size();
    std::string text;
    while (text.size() < size) {
        std::byte byte{};
        random(std::span(&byte, 1));
        const auto value = std::to_integer<std::size_t>(byte);
        if (value < fair) text += alphabet[value % alphabet.size()];
    }
    return text;
}

bool is_same_secret(std::string_view one, std::string_view other) {
    if (one.size() != other.size()) return false;
    unsigned char difference = 0;
    for (std::size_t i = 0; i < one.size(); ++i) {
        difference = static_cast<unsigned char>(difference | (one[i] ^ other[i]));
    }
    return difference == 0;
}

}  // namespace euromesh::federation
