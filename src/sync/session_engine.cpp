#include "sync/session_engine.hpp"

#include <algorithm>
#include <utility>

#include "base/assert.hpp"
#include "sync/codec_topk.hpp"

namespace euromesh::sync {
namespace {

constexpr Nanoseconds longest_pause = std::chrono::milliseconds(4);
constexpr Nanoseconds tick_interval = std::chrono::milliseconds(2);
constexpr std::size_t state_bytes_in_flight = 8u << 20;

ConductorConfig conductor_config(const SessionConfig& config) {
    ConductorConfig made;
    made.run = config.run;
    for (const SiteAddress& site : config.sites) made.sites.push_back(site.site);
    made.self = config.self;
    made.starting_members = config.starting_members == 0 ? config.sites.size() : config.starting_members;
    made.quorum = config.quorum;
    made.fragments = config.fragments;
    made.rounds = config.rounds;
    made.grace = config.grace;
    made.staleness_most = config.staleness_most;
    made.catch_up_rounds = config.catch_up_rounds;
    made.norm_gate = config.norm_gate;
    made.codec = config.codec;
    made.outer = config.outer;
    made.schedule = config.schedule;
    made.weights = config.weights;
    made.leave_limit = config.leave_limit;
    return made;
}

// Everything besides the layout in which sites of one run must agree.
Json settings_of(const SessionConfig& config) {
    return Json{{"codec", config.codec},
                {"outer optimiser", name_of(config.outer.kind)},
                {"outer learning rate", config.outer.lr},
                {"outer momentum", config.outer.momentum},
                {"outer delay", config.outer.delay},
                {"weights", name_of(config.weights)},
                {"fragments", config.fragments},
                {"staleness", config.staleness_most},
                {"norm gate", config.norm_gate},
                {"inner steps", config.schedule.inner_steps},
                {"first inner steps", config.schedule.first_inner_steps},
                {"growth rounds", config.schedule.growth_rounds},
                {"outer rate rounds", config.schedule.lr_rounds},
                {"final outer rate", config.schedule.final_lr_fraction}};
}

std::string difference(const Json& mine, const Json& theirs) {
    for (const auto& [key, value] : mine.items()) {
        const auto other = theirs.is_object() ? theirs.find(key) : theirs.end();
        if (other == theirs.end()) return fmt::format("{} is missing", key);
        if (*other != value)
            return fmt::format("{} is {} there and {} here", key, other->dump(), value.dump());
    }
    return {};
}

}  // namespace

SessionEngine::SessionEngine(SessionConfig config, const Codec& codec, std::unique_ptr<Mesh> mesh,
                             ManifestFile file, OuterState initial, Position position, Mailbox& box,
                             const Clock& clock, const Logger& logger)
    : config_(std::move(config)),
      codec_(codec),
      mesh_(std::move(mesh)),
      file_(std::move(file)),
      box_(box),
      clock_(clock),
      logger_(logger),
      conductor_(conductor_config(config_), std::move(position), state_digest(initial)),
      reduce_(*mesh_, codec, ReduceOptions{.digest_contribution = true}),
      gather_(*mesh_, codec),
      reduction_(codec.name() == topk_codec().name() ? static_cast<Reduction&>(gather_) : reduce_),
      fragments_(make_fragments(config_.layout, config_.fragments).value()),  // checked by Session::open()
      settings_(settings_of(config_)),
      opened_(clock.monotonic()),
      state_(std::make_shared<const OuterState>(std::move(initial))) {
    versions_.resize(fragments_.size(), serial_);
    contributions_.resize(fragments_.size());
    counted_.resize(fragments_.size());
    previous_means_.resize(fragments_.size());
    if (&reduction_ == &gather_) {
        for (const Fragment& fragment : fragments_) feedbacks_.emplace_back(codec_, fragment.size());
    }
    mesh_->set_hello(settings_);
    publish();
}

void SessionEngine::run() {
    perform(conductor_.begin(clock_.monotonic()));
    while (!stopped_ && !failure_ && !(left_at_ && is_flushed())) {
        take_orders();
        for (const MeshEvent& event : mesh_->poll(
                 outgoing_.empty() && outgoing_results_.empty() ? longest_pause : tick_interval / 4)) {
            std::visit([&](const auto& one) { on(one); }, event);
        }
        check_reduction();
        pump_states();
        if (clock_.monotonic() - ticked_ < tick_interval) continue;
        ticked_ = clock_.monotonic();
        perform(conductor_.tick(ticked_));
        publish();
    }
    reduction_.abort();
    publish();
}

bool SessionEngine::is_flushed() const {
    if (clock_.monotonic() > *left_at_ + config_.leave_limit) return true;
    for (Rank rank = 0; rank < config_.sites.size(); ++rank) {
        if (rank != config_.self && mesh_->is_up(rank) && mesh_->unsent_bytes(rank) > 0) return false;
    }
    return true;
}

void SessionEngine::take_orders() {
    std::optional<Contribution> given;
    bool leave = false;
    {
        const std::lock_guard lock(box_.mutex);
        const auto& waiting = box_.contribution;
        if (waiting && conductor_.can_take(waiting->fragment))
            given = std::exchange(box_.contribution, std::nullopt);
        leave = std::exchange(box_.leave, false);
        stopped_ = stopped_ || box_.stop;
    }
    if (given) give(std::move(*given));
    if (leave) perform(conductor_.leave(clock_.monotonic()));
}

void SessionEngine::give(Contribution given) {
    const std::uint64_t fragment = given.fragment;
    const Ready& ready = given.ready;
    tally_.handed_in += 1;
    counted_[fragment] = false;
    if (given.epoch != epoch_) {
        return add_note("dropped", name(config_.self),
                        fmt::format("a contribution of {} tokens from round {} is void: the outer state was "
                                    "taken from another site since",
                                    ready.tokens, ready.base));
    }
    settle(fragment, false);  // one that is late gives way; what it held goes into this one
    if (is_sparse()) {
        given.sparse.resize(codec_.encoded_bytes(given.gradient.size()));
        const Status encoded = feedbacks_[fragment].encode(given.gradient, given.sparse);
        if (!encoded) return end_with(encoded.error().within("own contribution"));
        // With what was left over before it may be longer than the pseudo-gradient.
        std::vector<float> sent(given.gradient.size());
        codec_.decode(given.sparse, sent);
        given.ready.norm = norm(sent);
    }
    contributions_[fragment] = std::move(given);
    perform(conductor_.contribute(clock_.monotonic(), contributions_[fragment]->ready, fragment));
}

// A contribution that waits no more: it counted, or was dropped and goes into the next one as far as there is
// error feedback.
void SessionEngine::settle(std::uint64_t fragment, bool counted) {
    std::optional<Contribution> settled = std::exchange(contributions_[fragment], std::nullopt);
    if (!settled) return;
    counted_[fragment] = counted;
    if (counted) tally_.counted += 1;
    if (!counted && is_sparse()) feedbacks_[fragment].take_back(settled->sparse);
}

// What the conductor has given up.
void SessionEngine::settle_dropped() {
    for (std::uint64_t fragment = 0; fragment < fragments_.size(); ++fragment) {
        if (!conductor_.pending(fragment)) settle(fragment, false);
    }
}

void SessionEngine::publish() {
    const std::lock_guard lock(box_.mutex);
    box_.serial = serial_;
    box_.epoch = epoch_;
    box_.versions = versions_;
    box_.counted = counted_;
    tally_.pending = 0;
    box_.pending.assign(fragments_.size(), false);
    for (std::uint64_t fragment = 0; fragment < fragments_.size(); ++fragment) {
        box_.pending[fragment] = conductor_.pending(fragment).has_value();
        tally_.pending += box_.pending[fragment] ? 1 : 0;
    }
    tally_.dropped = tally_.handed_in - tally_.counted - tally_.pending;
    box_.tally = tally_;
    box_.due.store(conductor_.is_due(), std::memory_order_relaxed);
    box_.state = state_;
    box_.position = conductor_.position();
    box_.role = conductor_.role();
    box_.members.clear();
    for (const Rank rank : conductor_.members()) box_.members.push_back(config_.sites[rank].site);
    box_.seen.clear();
    for (Rank rank = 0; rank < config_.sites.size(); ++rank) {
        if (conductor_.sees(rank)) box_.seen.push_back(rank);
    }
    box_.committed = committed_;
    for (SessionEvent& event : events_) box_.events.push_back(std::move(event));
    events_.clear();
    box_.refused = refused_;
    box_.is_refused_for_good = refused_for_good_;
    box_.failure = failure_;
    box_.left = left_at_.has_value();
    box_.traffic = mesh_->total_traffic();
    box_.changed.notify_all();
}

void SessionEngine::end_with(Error error) {
    if (!failure_) failure_ = std::move(error);
}

void SessionEngine::add_note(std::string kind, std::string site, std::string text) {
    logger_.info(text, {{"kind", kind}, {"round", conductor_.position().round}});
    events_.push_back({to_seconds(clock_.monotonic() - opened_), conductor_.position().round, std::move(kind),
                       std::move(site), std::move(text)});
}

// ---- peers ------------------------------------------------------------------------------------------------

void SessionEngine::on(const PeerUp& event) {
    const std::string differs = difference(settings_, event.hello);
    if (differs.empty()) return perform(conductor_.peer_up(clock_.monotonic(), event.peer));
    const std::string text = fmt::format("{} runs with other settings: {}", name(event.peer), differs);
    refused_ = Error{Code::refused, text};
    refused_for_good_ = true;
    add_note("refused", name(event.peer), text);
    mesh_->drop(event.peer, fmt::format("other settings: {}", differs));
}

void SessionEngine::on(const PeerDown& event) {
    incoming_.erase(event.peer);
    outgoing_.erase(event.peer);
    outgoing_results_.erase(event.peer);
    if (incoming_result_ && incoming_result_->first == event.peer) incoming_result_.reset();
    if (!conductor_.sees(event.peer)) return;
    logger_.info(event.reason.message, {{"site", name(event.peer)}});
    perform(conductor_.peer_down(clock_.monotonic(), event.peer));
}

void SessionEngine::on(const PeerRefused& event) {
    // A restarted site is refused until its old connection is known to be dead.
    const bool may_end = event.reason.message.find("connected already") != std::string::npos;
    refused_ = event.reason;
    refused_for_good_ = event.peer && !may_end;
    add_note("refused", event.peer ? name(*event.peer) : "", event.reason.message);
}

void SessionEngine::on(const PeerMessage& event) {
    if (!conductor_.sees(event.peer)) return;
    if (event.type == state_header_type) return on_state_header(event);
    if (event.type == state_piece_type) return on_state(event);
    if (event.type == result_header_type) return on_result_header(event);
    if (event.type == result_piece_type) return on_result(event);
    const auto message = decode_message(event.type, event.bytes);
    if (!message) return mesh_->drop(event.peer, message.error().message);
    perform(conductor_.receive(clock_.monotonic(), event.peer, *message));
}

// Memory is taken only for a state that this site has asked for.
void SessionEngine::on_state_header(const PeerMessage& message) {
    incoming_.erase(message.peer);
    if (conductor_.standing().wants != message.peer) return;
    auto begun = IncomingState::begin(message.bytes, *state_);
    if (!begun) return mesh_->drop(message.peer, begun.error().message);
    incoming_.emplace(message.peer, std::move(*begun));
}

void SessionEngine::on_state(const PeerMessage& message) {
    const auto found = incoming_.find(message.peer);
    if (found == incoming_.end()) return;
    const Status added = found->second.add(message.bytes);
    if (added && !found->second.complete()) return;
    if (added) arrived_ = std::move(found->second);
    incoming_.erase(found);
    if (!added) return mesh_->drop(message.peer, added.error().message);
    perform(conductor_.state_arrived(clock_.monotonic(), message.peer, arrived_->offer()));
    arrived_.reset();
}

// As much as may be in flight; true: all of it is on its way, or the peer is gone.
template <class Outgoing>
bool SessionEngine::pump(Rank peer, Outgoing& outgoing) {
    while (mesh_->unsent_bytes(peer) < state_bytes_in_flight) {
        const auto message = outgoing.next();
        if (!message || !mesh_->send(peer, message->type, message->bytes)) return true;
    }
    return false;
}

template <class Outgoing>
void SessionEngine::pump_all(std::map<Rank, Outgoing>& outgoing) {
    for (auto entry = outgoing.begin(); entry != outgoing.end();) {
        entry = pump(entry->first, entry->second) ? outgoing.erase(entry) : std::next(entry);
    }
}

void SessionEngine::pump_states() {
    pump_all(outgoing_);
    pump_all(outgoing_results_);
}

// ---- what the conductor says ------------------------------------------------------------------------------

void SessionEngine::perform(const Actions& actions) {
    for (const Action& action : actions) {
        if (failure_) return;  // a commit that cannot be written is not told to others
        std::visit([&](const auto& one) { act(one); }, action);
    }
}

void SessionEngine::act(const Send& send) {
    const std::string text = encode(send.message);
    const Status sent =
        mesh_->send(send.to, type_of(send.message), std::as_bytes(std::span(text.data(), text.size())));
    if (!sent && sent.error().code == Code::no_space) mesh_->drop(send.to, "does not take messages");
}

void SessionEngine::new_state(SharedState state) {
    state_ = std::move(state);
    serial_ += 1;
    ticked_ = Nanoseconds{0};  // publish at once
}

void SessionEngine::act(const SendState& send) {
    add_note("state", name(send.to), fmt::format("the outer state goes to {}", name(send.to)));
    outgoing_.insert_or_assign(send.to, OutgoingState(conductor_.offer(), state_));
}

void SessionEngine::act(const AdoptState& adopt) {
    EM_ASSERT(arrived_.has_value(), "the conductor adopts what has just arrived");
    if (reducing_) act(AbortReduce{});
    const Offer offer = arrived_->offer();
    const Status filed = file_.continue_from(offer.position, offer.last_line);
    if (!filed) return end_with(filed.error().within("manifest"));
    add_note("state", name(adopt.from), fmt::format("took the outer state of {}", name(adopt.from)));
    committed_.reset();
    results_.clear();
    incoming_result_.reset();
    for (std::vector<float>& mean : previous_means_) mean.clear();
    // Without taking back: what they were may be part of the state that was taken.
    for (std::optional<Contribution>& contribution : contributions_) contribution.reset();
    new_state(std::make_shared<const OuterState>(arrived_->take()));
    epoch_ += 1;
    versions_.assign(fragments_.size(), serial_);
}

void SessionEngine::act(const Note& note) {
    add_note(note.kind, note.site, note.text);
}

void SessionEngine::act(const Left&) {
    left_at_ = clock_.monotonic();
}

}  // namespace euromesh::sync
