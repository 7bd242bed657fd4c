#include "sync/exchange/streams_way_lobby.hpp"

namespace euromesh::sync {

void StreamsLobby::enter(os::Socket connection, Nanoseconds leave_at) {
    if (guests_.size() >= guests_most) guests_.erase(guests_.begin());
    guests_.push_back({std::move(connection), leave_at});
}

void StreamsLobby::add_waits(std::vector<os::WaitItem>& items) const {
    for (const Guest& guest : guests_) items.push_back({&guest.connection, true, false, false, false});
}

StreamsLobby::Said StreamsLobby::listen(Guest& guest) {
    if (guest.got == 0) {
        std::byte first{};
        const auto seen = guest.connection.peek({&first, 1});
        if (!seen) return Said::nonsense;
        if (*seen == 0) return Said::nothing;
        if (first != streams_first_byte) return Said::plain;
    }
    const auto part = guest.connection.receive(std::span(guest.bytes).subspan(guest.got));
    if (!part) return Said::nonsense;
    guest.got += *part;
    return guest.got < guest.bytes.size() ? Said::nothing : Said::preamble;
}

std::vector<StreamsLobby::Known> StreamsLobby::take(Nanoseconds now) {
    std::vector<Known> known;
    std::vector<Guest> stay;
    for (Guest& guest : guests_) {
        const Said said = listen(guest);
        if (said == Said::nothing && now < guest.leave_at) stay.push_back(std::move(guest));
        if (said == Said::plain) known.push_back({std::move(guest.connection), std::nullopt});
        if (said != Said::preamble) continue;
        if (const auto preamble = decode_streams_preamble(guest.bytes))
            known.push_back({std::move(guest.connection), *preamble});
    }
    guests_ = std::move(stay);
    return known;
}

}  // namespace euromesh::sync
