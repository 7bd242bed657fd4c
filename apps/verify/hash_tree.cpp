#include "apps/verify/hash_tree.hpp"

#include <sodium.h>

namespace euromesh::verify {
namespace {

const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

Hash hash_after(unsigned char prefix, std::string_view first, std::string_view second) {
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, &prefix, 1);
    crypto_hash_sha256_update(&state, bytes_of(first), first.size());
    crypto_hash_sha256_update(&state, bytes_of(second), second.size());
    Hash hash;
    crypto_hash_sha256_final(&state, hash.data());
    return hash;
}

std::string_view text_of(const Hash& hash) {
    return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

}  // namespace

Hash hash_of(std::string_view bytes) {
    Hash hash;
    crypto_hash_sha256(hash.data(), bytes_of(bytes), bytes.size());
    return hash;
}

Hash leaf_hash_of(std::string_view entry) {
    return hash_after(0, entry, {});
}

void HashTree::add(const Hash& leaf) {
    Hash hash = leaf;
    for (std::uint64_t rest = size_; (rest & 1) == 1; rest >>= 1) {
        hash = hash_after(1, text_of(frontier_.back()), text_of(hash));
        frontier_.pop_back();
    }
    frontier_.push_back(hash);
    ++size_;
}

Hash HashTree::root() const {
    if (frontier_.empty()) return hash_of({});
    Hash hash = frontier_.back();
    for (std::size_t i = frontier_.size() - 1; i-- > 0;)
        hash = hash_after(1, text_of(frontier_[i]), text_of(hash));
    return hash;
}

}  // namespace euromesh::verify
