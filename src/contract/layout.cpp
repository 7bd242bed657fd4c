#include "contract/layout.hpp"

#include "base/hash.hpp"

namespace euromesh::contract {

std::size_t value_count(const Layout& layout) {
    std::size_t count = 0;
    for (const TensorSpec& tensor : layout) count += tensor.size();
    return count;
}

std::string layout_digest(const Layout& layout) {
    std::string text;
    for (const TensorSpec& tensor : layout) {
        text += tensor.name;
        for (std::int64_t extent : tensor.shape) text += " " + std::to_string(extent);
        text += "\n";
    }
    return to_hex(sha256(text));
}

}  // namespace euromesh::contract
