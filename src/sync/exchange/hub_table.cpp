#include "sync/exchange/hub_table.hpp"

#include <algorithm>

namespace euromesh::sync {

void HubTable::remove(std::map<Place, GuestId>::iterator place) {
    --counts_[place->first.authority];
    places_.erase(place);
}

Result<HubMatch> HubTable::arrive(GuestId guest, std::size_t authority, const HubParty& party) {
    HubMatch match;
    const Place own{authority, party};
    if (const auto before = places_.find(own); before != places_.end()) {
        match.replaced = before->second;
        remove(before);
    }
    const Place other{authority, {party.run, party.peer, party.site}};
    if (const auto partner = places_.find(other); partner != places_.end()) {
        match.partner = partner->second;
        remove(partner);
        return match;
    }
    if (counts_[authority] >= most_)
        return fail(Code::no_space, "{} connections of this run's authority wait already", most_);
    ++counts_[authority];
    places_.emplace(own, guest);
    return match;
}

void HubTable::leave(GuestId guest) {
    const auto place =
        std::find_if(places_.begin(), places_.end(), [&](const auto& one) { return one.second == guest; });
    if (place != places_.end()) remove(place);
}

}  // namespace euromesh::sync
