// An outer state as a joiner gets it: a header and pieces, each of any length and content.
#include "sync/state_transfer.hpp"

#include "fuzz/input.hpp"
#include "sync/result_transfer.hpp"

namespace euromesh::fuzz {
namespace {

sync::OuterState own_state(std::size_t choice) {
    sync::OuterState state = sync::OuterState::from(std::vector<float>(choice % 2 == 0 ? 3 : 1000, 1.0f));
    if (choice % 4 >= 2) state.delayed.resize(state.params.size());
    return state;
}

}  // namespace

// The result of one round, for a site that had no part in it.
void check_result(Input input) {
    constexpr std::uint64_t round = 7;
    const std::size_t size = input.word();
    auto incoming = sync::IncomingResult::begin(input.take(input.word()), round, size);
    if (!incoming) return;
    while (!input.is_empty() && incoming->add(input.take(input.word()))) {
    }
    if (incoming->complete()) EM_ASSERT(incoming->bytes().size() == size, "a result is as large as expected");
}

void try_input(Input input) {
    check_result(input);
    const sync::OuterState like = own_state(input.byte());
    auto incoming = sync::IncomingState::begin(input.take(input.word()), like);
    if (!incoming) return;
    bool sound = true;
    while (!input.is_empty() && sound) sound = incoming->add(input.take(input.word())).has_value();
    if (!sound || !incoming->complete()) return;
    const sync::Offer offer = incoming->offer();
    const sync::OuterState state = incoming->take();
    EM_ASSERT(sync::state_digest(state) == offer.state, "a state that is complete has the digest announced");
    EM_ASSERT(state.params.size() == like.params.size() && state.delayed.size() == like.delayed.size(),
              "a state is as large as the own");
}

}  // namespace euromesh::fuzz
