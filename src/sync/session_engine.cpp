#include "sync/session_engine.hpp"

#include <utility>

#include "base/assert.hpp"

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

// A model in one fragment need not have a layout by layers.
std::vector<Fragment> fragments_of(const SessionConfig& config, std::size_t values) {
    if (config.fragments == 1) return {Fragment{{{0, values}}}};
    auto fragments = make_fragments(config.layout, config.fragments);
    EM_ASSERT(fragments.has_value(), "checked when the session was opened");
    return std::move(*fragments);
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
      fragments_(fragments_of(config_, initial.params.size())),
      settings_(settings_of(config_)),
      opened_(clock.monotonic()),
      state_(std::make_shared<const OuterState>(std::move(initial))) {
    versions_.resize(fragments_.size(), serial_);
    contributions_.resize(fragments_.size());
    previous_means_.resize(fragments_.size());
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
    reduce_.abort();
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
        given = std::exchange(box_.contribution, std::nullopt);
        leave = std::exchange(box_.leave, false);
        stopped_ = stopped_ || box_.stop;
    }
    if (given) {
        const std::uint64_t fragment = given->fragment;
        const Ready ready = given->ready;
        tally_.handed_in += 1;
        if (given->epoch == epoch_) {
            contributions_[fragment] = std::move(given);
            perform(conductor_.contribute(clock_.monotonic(), ready, fragment));
        } else {
            add_note("dropped", name(config_.self),
                     fmt::format("a contribution of {} tokens from round {} is void: the outer state was "
                                 "taken from another site since",
                                 ready.tokens, ready.base));
        }
    }
    if (leave) perform(conductor_.leave(clock_.monotonic()));
}

void SessionEngine::publish() {
    const std::lock_guard lock(box_.mutex);
    box_.serial = serial_;
    box_.epoch = epoch_;
    box_.versions = versions_;
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

// ---- reductions -------------------------------------------------------------------------------------------

void SessionEngine::check_reduction() {
    if (!reducing_ || !(reduce_error_ || reduce_.done())) return;
    const Plan plan = *std::exchange(reducing_, std::nullopt);
    const Status outcome = reduce_error_ ? Status(fail(*reduce_error_)) : reduce_.outcome();
    reduce_error_.reset();
    if (!outcome) {
        logger_.warning(outcome.error().message, {{"round", plan.round}});
        return perform(conductor_.reduce_failed(clock_.monotonic(), plan.ballot));
    }
    const std::string state = make_candidate(plan.round, reduce_.take_result());
    perform(conductor_.reduced(clock_.monotonic(), {plan.ballot, state, to_hex(reduce_.contribution_digest()),
                                                    codec_.encoded_bytes(candidate_.mean.size())}));
}

// The outer step into a shadow of the outer state: nothing is changed before the commit. mean_ is the mean.
std::string SessionEngine::make_candidate(std::uint64_t round, std::vector<std::byte> result) {
    OuterState next = *state_;
    outer_step(config_.schedule.outer_of(config_.outer, round), round / fragments_.size(),
               fragments_[fragment_of(round)], mean_, next);
    candidate_.state = std::make_shared<const OuterState>(std::move(next));
    candidate_.mean.swap(mean_);
    candidate_.result = std::make_shared<const std::vector<std::byte>>(std::move(result));
    candidate_.reduce_seconds = to_seconds(clock_.monotonic() - reduce_began_);
    return state_digest(*candidate_.state);
}

// ---- rounds of others -------------------------------------------------------------------------------------

void SessionEngine::on_result_header(const PeerMessage& message) {
    incoming_result_.reset();
    const Manifest* awaited = conductor_.awaited();
    if (!awaited || conductor_.standing().wants != message.peer) return;
    const std::size_t values = fragments_[fragment_of(awaited->round)].size();
    auto begun = IncomingResult::begin(message.bytes, awaited->round, codec_.encoded_bytes(values));
    if (!begun) return mesh_->drop(message.peer, begun.error().message);
    incoming_result_.emplace(message.peer, std::move(*begun));
}

void SessionEngine::on_result(const PeerMessage& message) {
    if (!incoming_result_ || incoming_result_->first != message.peer) return;
    IncomingResult& incoming = incoming_result_->second;
    const Status added = incoming.add(message.bytes);
    if (!added) return mesh_->drop(message.peer, added.error().message);
    if (!incoming.complete()) return;
    const IncomingResult result = std::exchange(incoming_result_, std::nullopt)->second;
    follow(result);
}

// Makes the outer step of a round that this site had no part in.
void SessionEngine::follow(IncomingResult result) {
    const Manifest* awaited = conductor_.awaited();
    if (!awaited || awaited->round != result.round()) return;
    const std::size_t values = fragments_[fragment_of(result.round())].size();
    reduce_began_ = clock_.monotonic();
    mean_.assign(values, 0.0f);
    std::string state;
    if (codec_.is_finite(result.bytes(), values)) {
        codec_.decode(result.bytes(), mean_);
        state = make_candidate(result.round(), result.take());
    }
    perform(conductor_.result_arrived(clock_.monotonic(), result.round(), state));
}

void SessionEngine::act(const SendResult& send) {
    const auto kept = results_.find(send.round);
    EM_ASSERT(kept != results_.end(), "as many results are kept as the conductor keeps lines");
    add_note("result", name(send.to),
             fmt::format("the result of round {} goes to {}", send.round, name(send.to)));
    outgoing_results_.insert_or_assign(send.to, OutgoingResult(send.round, kept->second));
}

void SessionEngine::keep_result(std::uint64_t round) {
    results_[round] = std::exchange(candidate_.result, nullptr);
    while (results_.size() > config_.catch_up_rounds) results_.erase(results_.begin());
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

void SessionEngine::act(const StartReduce& start) {
    const std::uint64_t fragment = fragment_of(start.plan.round);
    EM_ASSERT(contributions_[fragment].has_value(), "a site that follows a plan is ready");
    if (reducing_) reduce_.abort();
    std::vector<ReduceMember> members;
    for (const PlanMember& member : start.plan.members) {
        members.push_back({member.rank, static_cast<float>(member.weight)});
    }
    const std::vector<float>& gradient = contributions_[fragment]->gradient;
    mean_.resize(gradient.size());
    reducing_ = start.plan;
    reduce_began_ = clock_.monotonic();
    const ReduceKey key{static_cast<std::uint32_t>(start.plan.round), start.plan.ballot,
                        static_cast<std::uint32_t>(fragment)};
    const Status begun = reduce_.start(key, std::move(members), gradient, mean_);
    if (!begun) reduce_error_ = begun.error();
}

void SessionEngine::act(const AbortReduce&) {
    if (!reducing_) return;
    reducing_.reset();
    if (!std::exchange(reduce_error_, std::nullopt)) reduce_.abort();
}

void SessionEngine::act(const Adopt& adopt) {
    if (reducing_) act(AbortReduce{});
    const Status written = file_.append(adopt.line);
    if (!written) return end_with(written.error().within("manifest"));
    describe(adopt.manifest);
    count(adopt.manifest);
    const std::uint64_t fragment = fragment_of(adopt.manifest.round);
    previous_means_[fragment].swap(candidate_.mean);
    keep_result(adopt.manifest.round);
    if (!conductor_.pending(fragment)) contributions_[fragment].reset();
    new_state(std::exchange(candidate_.state, nullptr));
    versions_[fragment] = serial_;
}

void SessionEngine::count(const Manifest& manifest) {
    for (const Contributor& one : manifest.contributors) {
        if (one.site == config_.sites[config_.self].site && contributions_[fragment_of(manifest.round)]) {
            tally_.counted += 1;
        }
    }
}

void SessionEngine::describe(const Manifest& manifest) {
    const std::uint64_t fragment = fragment_of(manifest.round);
    CommittedRound round;
    round.manifest = manifest;
    round.reduce_seconds = candidate_.reduce_seconds;
    round.payload_bytes = codec_.encoded_bytes(candidate_.mean.size());
    round.outer = diagnose(manifest.outer, candidate_.mean, previous_means_[fragment]);
    const auto& own = contributions_[fragment];
    if (own) round.cosine_to_mean = cosine(own->gradient, candidate_.mean);
    committed_ = std::move(round);
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
