// The first thing that a stranger says: read, checked against ours, told back on one line.
#include "sync/exchange/greeting.hpp"

#include "fuzz/input.hpp"

namespace euromesh::fuzz {
namespace {

sync::Greeting own_greeting() {
    return {sync::exchange_protocol, "r", "a", {"a", "b", "c"}, "layout", Json::object()};
}

void check_line(const std::string& line) {
    EM_ASSERT(line.size() <= 400, "one line has at most 400 bytes");
    EM_ASSERT(std::ranges::all_of(line, [](char c) { return c >= ' ' && c != 127; }),
              "one line is printable");
}

}  // namespace

void try_input(Input input) {
    check_line(sync::one_line(input.rest()));
    const auto greeting = sync::parse_greeting(input.rest());
    if (!greeting) return;
    const auto as_stranger = sync::check_greeting(own_greeting(), *greeting, {});
    if (as_stranger) EM_ASSERT(*as_stranger == 1 || *as_stranger == 2, "a rank of another site");
    const sync::GreetingContext dialled{os::PeerIdentity{"b", "r"}, 1};
    const auto as_dialled = sync::check_greeting(own_greeting(), *greeting, dialled);
    if (as_dialled) EM_ASSERT(*as_dialled == 1, "who was dialled");
    if (greeting->protocol != sync::exchange_protocol) return;
    const std::string text = sync::greeting_text(*greeting);
    const auto again = sync::parse_greeting(std::as_bytes(std::span(text)));
    EM_ASSERT(again && sync::greeting_text(*again) == text, "what was understood can be told again");
}

}  // namespace euromesh::fuzz
