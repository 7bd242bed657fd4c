#include "sim/network.hpp"

#include <algorithm>
#include <utility>

namespace euromesh::sim {

SimNetwork::SimNetwork(EventQueue& queue, std::vector<LineModel> lines, NetworkModel model,
                       std::uint64_t seed, NetworkUser& user)
    : queue_(queue), lines_(std::move(lines)), model_(model), random_(seed), user_(user) {
    const std::size_t sites = lines_.size();
    const std::size_t pairs = sites * sites;
    number_.resize(pairs);
    seen_.resize(pairs);
    busy_until_.resize(pairs);
    blocked_until_.resize(pairs);
    stalled_.resize(pairs);
    dialling_.resize(pairs);
    spoilt_.resize(pairs);
    slowness_.resize(sites, 1);
    slow_until_.resize(sites);
    traffic_.resize(sites);
}

void SimNetwork::set_number(Rank a, Rank b, std::uint64_t number) {
    number_[at(a, b)] = number_[at(b, a)] = number;
}

double SimNetwork::jitter() {
    const double uniform = random_.uniform() * model_.jitter_s;
    return random_.below(20) == 0 ? 10 * uniform : uniform;
}

double SimNetwork::latency(Rank a, Rank b) const {
    return lines_[a].latency_s * std::min(slowness_[a], 5.0) +
           lines_[b].latency_s * std::min(slowness_[b], 5.0);
}

double SimNetwork::rate(Rank site) const {
    return lines_[site].bits_per_second / slowness_[site];
}

double SimNetwork::seconds_of(Rank from, Rank to, double bytes) const {
    double bits_per_second = std::min(rate(from), rate(to));
    if (by_hub(from, to)) bits_per_second = std::min(bits_per_second, model_.hub_bits_per_second);
    return 8 * bytes / bits_per_second;
}

// ---- connections ------------------------------------------------------------------------------------------

void SimNetwork::site_began(Rank site) {
    for (Rank peer = 0; peer < lines_.size(); ++peer) {
        if (peer != site) dial(site, peer);
    }
}

void SimNetwork::dial(Rank a, Rank b) {
    if (dialling_[at(a, b)]) return;
    dialling_[at(a, b)] = dialling_[at(b, a)] = true;
    queue_.after(from_seconds(model_.dial_s * random_.uniform()), [this, a, b] { try_to_connect(a, b); });
}

// Only when neither end believes in the connection before: until then a peer is refused as connected already.
void SimNetwork::try_to_connect(Rank a, Rank b) {
    dialling_[at(a, b)] = dialling_[at(b, a)] = false;
    if (!user_.is_running(a) || !user_.is_running(b) || is_up(a, b)) return;
    const bool old_one = seen_[at(a, b)] % 2 == 1 || seen_[at(b, a)] % 2 == 1;
    if (old_one || queue_.now() < blocked_until_[at(a, b)]) return dial(a, b);
    connect(a, b);
}

void SimNetwork::connect(Rank a, Rank b) {
    const std::uint64_t number = number_[at(a, b)] + 1;
    set_number(a, b, number);
    spoilt_[at(a, b)] = spoilt_[at(b, a)] = false;
    for (const auto& [x, y] : {std::pair(a, b), std::pair(b, a)}) {
        const Nanoseconds wait = from_seconds(3 * latency(a, b) + jitter());
        busy_until_[at(y, x)] = queue_.now() + wait;  // nothing arrives at x before x knows that y is up
        queue_.after(wait, [this, x = x, y = y, number] {
            if (number_[at(x, y)] != number || !user_.is_running(x)) return;
            seen_[at(x, y)] = number;
            user_.peer_up(x, y);
        });
    }
}

// One end that has not seen it come up has nothing to notice.
void SimNetwork::lose(Rank a, Rank b, Nanoseconds notice_a, Nanoseconds notice_b) {
    if (!is_up(a, b)) return;
    set_number(a, b, number_[at(a, b)] + 1);
    notice_down(a, b, notice_a);
    notice_down(b, a, notice_b);
    dial(a, b);
}

void SimNetwork::notice_down(Rank where, Rank gone, Nanoseconds when) {
    const std::uint64_t lost = seen_[at(where, gone)];
    if (lost % 2 == 0) return;
    queue_.at(when, [this, where, gone, lost] {
        if (seen_[at(where, gone)] != lost) return;
        seen_[at(where, gone)] += 1;
        if (user_.is_running(where)) user_.peer_down(where, gone);
    });
}

void SimNetwork::site_ended(Rank site, Ending ending) {
    for (Rank peer = 0; peer < lines_.size(); ++peer) {
        if (peer == site) continue;
        if (seen_[at(site, peer)] % 2 == 1) seen_[at(site, peer)] += 1;
        if (!is_up(site, peer)) continue;
        set_number(site, peer, number_[at(site, peer)] + 1);
        Nanoseconds notice = queue_.now() + from_seconds(latency(site, peer) + jitter());
        if (ending == Ending::closed) notice = std::max(notice, busy_until_[at(site, peer)] + Nanoseconds(1));
        if (ending == Ending::vanished) notice += from_seconds(model_.silence_s);
        notice_down(peer, site, notice);
    }
}

bool SimNetwork::carries(Rank a, Rank b) const {
    return is_up(a, b) && seen_[at(a, b)] == number_[at(a, b)] && seen_[at(b, a)] == number_[at(a, b)];
}

bool SimNetwork::all_up() const {
    for (Rank a = 0; a < lines_.size(); ++a) {
        for (Rank b = 0; b < a; ++b) {
            if (!carries(a, b)) return false;
        }
    }
    return true;
}

// ---- messages ---------------------------------------------------------------------------------------------

void SimNetwork::send(Rank from, Rank to, double bytes, Nanoseconds hold, Task deliver) {
    const std::uint64_t number = seen_[at(from, to)];
    if (number % 2 == 0 || number_[at(from, to)] != number) return;
    traffic_[from].sent_bytes += bytes;
    const double seconds = latency(from, to) + jitter() + seconds_of(from, to, bytes);
    Nanoseconds& busy = busy_until_[at(from, to)];
    busy = std::max(busy + Nanoseconds(1), queue_.now() + hold + from_seconds(seconds));
    busy = std::max(busy, stalled_[at(from, to)]);
    queue_.at(busy, [this, from, to, number, bytes, deliver = std::move(deliver)] {
        traffic_[to].received_bytes += bytes;
        arrive(from, to, number, deliver);
    });
}

void SimNetwork::send_bulk(Rank from, Rank to, double bytes, Nanoseconds hold, Task deliver) {
    const std::uint64_t number = seen_[at(from, to)];
    if (number % 2 == 0 || number_[at(from, to)] != number) return;
    traffic_[from].sent_bytes += bytes;
    const double seconds = latency(from, to) + jitter() + seconds_of(from, to, bytes);
    const Nanoseconds when =
        std::max(busy_until_[at(from, to)] + Nanoseconds(1), queue_.now() + hold + from_seconds(seconds));
    queue_.at(std::max(when, stalled_[at(from, to)]),
              [this, from, to, number, bytes, deliver = std::move(deliver)] {
                  if (number_[at(from, to)] != number) return;  // not all of it had been sent
                  traffic_[to].received_bytes += bytes;
                  arrive(from, to, number, deliver);
              });
}

void SimNetwork::arrive(Rank from, Rank to, std::uint64_t number, const Task& deliver) {
    if (!user_.is_running(to) || seen_[at(to, from)] != number) return;
    if (spoilt_[at(from, to)]) {
        spoilt_[at(from, to)] = false;
        return reset(from, to);
    }
    deliver();
}

double SimNetwork::reduce_bytes(std::size_t members, double payload_bytes) {
    const auto count = static_cast<double>(members);
    return 2 * (count - 1) / count * payload_bytes;
}

double SimNetwork::reduce_seconds(const std::vector<Rank>& members, double payload_bytes) const {
    const double bits = 8 * reduce_bytes(members.size(), payload_bytes);
    double seconds = 0;
    double hub_bits = 0;
    double hops = 0;
    for (const Rank member : members) {
        seconds = std::max(seconds, bits / rate(member));
        if (lines_[member].by_hub) hub_bits += bits;
        for (const Rank other : members) {
            if (other != member) hops = std::max(hops, latency(member, other));
        }
    }
    return std::max(seconds, hub_bits / model_.hub_bits_per_second) + 2 * hops;
}

void SimNetwork::count_reduction(const std::vector<Rank>& members, double payload_bytes) {
    for (const Rank member : members) {
        traffic_[member].sent_bytes += reduce_bytes(members.size(), payload_bytes);
        traffic_[member].received_bytes += reduce_bytes(members.size(), payload_bytes);
    }
}

// ---- faults -----------------------------------------------------------------------------------------------

void SimNetwork::reset(Rank a, Rank b) {
    const Nanoseconds now = queue_.now();
    lose(a, b, now + from_seconds(jitter()), now + from_seconds(latency(a, b) + jitter()));
}

void SimNetwork::outage(Rank a, Rank b, Nanoseconds length) {
    const Nanoseconds end = queue_.now() + length;
    const Nanoseconds silence = from_seconds(model_.silence_s);
    if (length < silence) {
        stalled_[at(a, b)] = stalled_[at(b, a)] = std::max(stalled_[at(a, b)], end);
        return;
    }
    blocked_until_[at(a, b)] = blocked_until_[at(b, a)] = std::max(blocked_until_[at(a, b)], end);
    const auto notice = [&] {
        return queue_.now() + silence / 2 + from_seconds(random_.uniform() * model_.silence_s / 2);
    };
    const Nanoseconds first = notice();
    lose(a, b, first, notice());
}

void SimNetwork::slow(Rank site, double factor, Nanoseconds length) {
    slowness_[site] = factor;
    slow_until_[site] = queue_.now() + length;
    queue_.after(length, [this, site] {
        if (queue_.now() >= slow_until_[site]) slowness_[site] = 1;
    });
}

void SimNetwork::restart_hub(Nanoseconds length) {
    for (Rank a = 0; a < lines_.size(); ++a) {
        for (Rank b = 0; b < a; ++b) {
            if (!by_hub(a, b)) continue;
            const Nanoseconds end = std::max(blocked_until_[at(a, b)], queue_.now() + length);
            blocked_until_[at(a, b)] = blocked_until_[at(b, a)] = end;
            reset(a, b);
        }
    }
}

void SimNetwork::spoil(Rank from, Rank to) {
    if (carries(from, to)) spoilt_[at(from, to)] = true;
}

void SimNetwork::spoil_no_more() {
    spoilt_.assign(spoilt_.size(), false);
}

}  // namespace euromesh::sim
