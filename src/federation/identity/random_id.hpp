// Identifiers that nobody can guess: codes, states, nonces, token ids.
//
// Randomness comes in, so that issuers and flows are pure; in production it is os::fill_random. Also the
// comparison that such texts need. Plain functions: no thread rule beyond the source's.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace euromesh::federation {

using RandomSource = std::function<void(std::span<std::byte>)>;

// base64url of so many bytes: 22 characters for 16.
std::string random_id(const RandomSource& random, std::size_t bytes = 16);
// So many characters, evenly from an alphabet of at most 256.
std::string random_text(const RandomSource& random, std::string_view alphabet, std::size_t size);
// Takes equally long wherever the first difference is; only the lengths may show.
bool is_same_secret(std::string_view one, std::string_view other);

}  // namespace euromesh::federation
