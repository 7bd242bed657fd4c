// The header of a frame: what decodes is, byte for byte, what encode writes.
#include "sync/exchange/frame.hpp"

#include <algorithm>

#include "fuzz/input.hpp"

namespace euromesh::fuzz {

void try_input(Input input) {
    sync::FrameBytes bytes{};
    std::ranges::copy(input.take(bytes.size()), bytes.begin());
    const auto header = sync::decode_frame(bytes);
    if (header) EM_ASSERT(sync::encode_frame(*header) == bytes, "decodes only what encode writes");
    if (!header) EM_ASSERT(!header.error().message.empty(), "says what is wrong");
}

}  // namespace euromesh::fuzz
