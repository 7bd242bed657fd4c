// Messages between conductors: what decodes can be encoded, and decodes to the same.
#include "sync/conductor_message.hpp"

#include "fuzz/input.hpp"

namespace euromesh::fuzz {

void try_input(Input input) {
    const std::uint16_t type = input.byte() % 5;
    const auto message = sync::decode_message(type, input.rest());
    if (!message) return;
    EM_ASSERT(sync::type_of(*message) == type, "a message keeps its type");
    const std::string text = sync::encode(*message);
    const auto again = sync::decode_message(type, std::as_bytes(std::span(text)));
    EM_ASSERT(again && *again == *message, "a message that decodes is one that encode can write");
}

}  // namespace euromesh::fuzz
