// Who waits at a hub for whom. Pure: no sockets, no time.
//
// Invariants: a pair is made of "A wants B" and "B wants A" under the same authority and run, each used once;
// of the same site and peer at most one waits, the latest: a site that comes again has given up the
// connection that it had. Bounded by `most` for each authority.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>

#include "sync/exchange/hub_proof.hpp"

namespace euromesh::sync {

using GuestId = std::uint64_t;

struct HubMatch {
    std::optional<GuestId> partner{};   // who waited for this guest: both are gone from the table
    std::optional<GuestId> replaced{};  // waited for the same and does no more
};

class HubTable {
  public:
    explicit HubTable(std::size_t most) : most_(most) {}

    // no_space: too many of this authority wait already.
    Result<HubMatch> arrive(GuestId guest, std::size_t authority, const HubParty& party);
    // It has gone. Nothing when it does not wait.
    void leave(GuestId guest);
    std::size_t waiting() const { return places_.size(); }

  private:
    struct Place {
        std::size_t authority = 0;
        HubParty party;
        auto operator<=>(const Place&) const = default;
    };
    std::size_t most_;
    std::map<Place, GuestId> places_;
    std::map<std::size_t, std::size_t> counts_;  // by authority
    void remove(std::map<Place, GuestId>::iterator place);
};

}  // namespace euromesh::sync
