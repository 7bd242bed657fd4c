#include "sync/session.hpp"

#include <algorithm>
#include <utility>

#include "base/assert.hpp"
#include "base/os/thread.hpp"
#include "sync/codec_parallel.hpp"
#include "sync/codec_topk.hpp"
#include "sync/outer_overlap.hpp"
#include "sync/session_engine.hpp"

namespace euromesh::sync {
namespace {

constexpr std::uint64_t catch_up_most = 64;
constexpr int misses_most = 8;  // in a row, whose work is kept: the older, the less it fits

Status check(const SessionConfig& config) {
    if (config.sites.empty() || config.sites.size() > sites_most) {
        return fail(Code::bad_input, "a run has 1 to {} sites, not {}", sites_most, config.sites.size());
    }
    if (config.self >= config.sites.size()) {
        return fail(Code::bad_input, "site number {} of {} sites", config.self, config.sites.size());
    }
    if (config.starting_members > config.sites.size()) {
        return fail(Code::bad_input, "{} starting members of {} sites", config.starting_members,
                    config.sites.size());
    }
    if (config.quorum < 1 || config.quorum > config.sites.size()) {
        return fail(Code::bad_input, "a quorum of {}: use 1 to {}", config.quorum, config.sites.size());
    }
    if (config.schedule.inner_steps == 0 || config.schedule.first_inner_steps == 0) {
        return fail(Code::bad_input, "inner steps must be at least 1");
    }
    EM_TRY(make_fragments(config.layout, config.fragments));
    if (config.grace) EM_TRY(check(*config.grace));
    if (config.catch_up_rounds < 1 || config.catch_up_rounds > catch_up_most) {
        return fail(Code::bad_input, "{} rounds to catch up: use 1 to {}", config.catch_up_rounds,
                    catch_up_most);
    }
    if (!(config.norm_gate == 0 || config.norm_gate > 1)) {
        return fail(Code::bad_input, "a norm gate of {}: use more than 1, or 0 for none", config.norm_gate);
    }
    if (config.weights == WeightRule::each_step &&
        (config.merge != MergeRule::rebase || config.staleness_most > 0)) {
        return fail(Code::bad_input,
                    "weights each-step keep what is late in the parameters: use them with merge rebase and "
                    "staleness 0");
    }
    if (config.codec_threads < 1 || config.codec_threads > 1024) {
        return fail(Code::bad_input, "{} threads for the codec: use 1 to 1024", config.codec_threads);
    }
    return check(config.outer);
}

MeshConfig mesh_config(const SessionConfig& config) {
    MeshConfig made;
    made.run = config.run;
    made.sites = config.sites;
    made.self = config.self;
    made.layout = contract::layout_digest(config.layout);
    made.tls = config.tls;
    made.listen = config.listen;
    // A run of one site talks to nobody: any free port of this machine.
    if (config.sites.size() == 1 && !made.listen) made.listen = os::Endpoint{"127.0.0.1", 0};
    made.ways = config.ways;
    made.connector = config.connector;
    made.handshake_limit = config.handshake_limit;
    made.silence_limit = config.silence_limit;
    made.dial_backoff_most = std::chrono::seconds(1);
    return made;
}

}  // namespace

struct Session::Impl {
    Impl(SessionConfig given, const Codec& found, const Clock& with_clock, const Logger& with_logger)
        : config(std::move(given)),
          codec(found, config.codec_threads),
          clock(with_clock),
          logger(with_logger),
          fragments(make_fragments(config.layout, config.fragments).value()),  // checked by open()
          bases(fragments.size()),
          changed(fragments.size()),
          handed(fragments.size()),
          has_feedback(codec.name() == topk_codec().name()) {}

    ~Impl() {
        {
            const std::lock_guard lock(box.mutex);
            box.stop = true;
        }
        thread = os::Thread();  // joins
    }

    // What ended the session, or why it must not go on.
    Status trouble() const {
        if (box.cancelled) return fail(Code::cancelled, "cancelled");
        if (box.failure) return fail(*box.failure);
        return {};
    }

    template <class Condition>
    Status wait(std::unique_lock<std::mutex>& lock, Condition condition) {
        box.changed.wait(lock, [&] { return condition() || !trouble(); });
        return trouble();
    }
    template <class Condition>
    Status wait_for_round(std::unique_lock<std::mutex>& lock, Condition condition) {
        EM_TRY(wait(lock, [&] { return condition() || box.hurry; }));
        if (condition()) return {};
        return fail(Code::unavailable, "round {}: this site leaves and does not wait for it",
                    shown_position.round);
    }

    // Takes over what the engine has; the lock is held.
    void show() {
        kept_some = false;
        for (std::size_t i = 0; i < fragments.size(); ++i) {
            if (box.versions[i] <= serial) continue;
            bases[i] = box.position.round;
            changed[i] = true;
            keep_missed(i);
        }
        shown = box.state;
        shown_position = box.position;
        serial = box.serial;
        replaced = replaced || epoch != box.epoch;
        epoch = box.epoch;
    }

    // Work that no round took stays in the parameters: a rebase from the outer ones that it was done on. What
    // the engine has not even taken came after the round that it was for.
    void keep_missed(std::size_t fragment) {
        Handed& last = handed[fragment];
        const bool untaken = box.contribution && box.contribution->fragment == fragment;
        const bool missed = last.waits && (untaken || !(box.counted[fragment] || box.pending[fragment]));
        last.waits = false;
        const bool keeps = config.weights == WeightRule::each_step && !has_feedback && missed &&
                           epoch == box.epoch && last.misses < misses_most && !is_far_out(last.norm);
        if (!keeps) return void(last = {});
        last.misses += 1;
        kept_some = true;
        keep_sent(fragment, shown->params);
        if (untaken) box.contribution.reset();
    }

    // What a gate keeps out must not come back.
    bool is_far_out(double norm) const {
        if (config.norm_gate <= 0 || !box.committed) return false;
        std::vector<double> norms;
        for (const Contributor& one : box.committed->manifest.contributors) norms.push_back(one.norm);
        std::sort(norms.begin(), norms.end());
        return norm > config.norm_gate * norms[(norms.size() - 1) / 2];
    }

    // What of the own parameters a rebase takes for known to the outer ones.
    void keep_sent(std::size_t fragment, std::span<const float> params) {
        if (config.merge != MergeRule::rebase) return;
        for (const ValueRange& range : fragments[fragment].ranges) {
            const auto part = params.subspan(range.offset, range.count);
            std::copy(part.begin(), part.end(), sent.begin() + static_cast<std::ptrdiff_t>(range.offset));
        }
    }

    // As it is: without anything of the own.
    void merge(const ValueRange& range, double alpha, bool as_it_is, std::span<float> local) const {
        const auto outer = std::span<const float>(shown->params).subspan(range.offset, range.count);
        const auto own = local.subspan(range.offset, range.count);
        if (as_it_is) return overlap_mix(0, outer, own);
        if (config.merge == MergeRule::mix) return overlap_mix(alpha, outer, own);
        overlap_rebase(std::span<const float>(sent).subspan(range.offset, range.count), outer, own);
    }

    Contribution contribution_of(std::span<const float> local, Work work);

    Status wait_for_start(std::unique_lock<std::mutex>& lock, Nanoseconds begin);
    std::string missing() const;
    RoundOutcome outcome_of();

    // What a fragment's last contribution held, and how many before it were missed and are in it.
    struct Handed {
        Work work;
        double norm = 0;
        int misses = 0;
        bool waits = false;  // for what becomes of it
    };

    SessionConfig config;
    const ParallelCodec codec;
    const Clock& clock;
    const Logger& logger;
    std::unique_ptr<Mesh> mesh;  // until start()
    std::uint16_t port = 0;

    mutable Mailbox box;
    std::unique_ptr<SessionEngine> engine;

    SharedState shown = std::make_shared<const OuterState>();
    Position shown_position;
    std::uint64_t serial = 0;
    std::uint64_t epoch = 0;
    std::vector<Fragment> fragments;
    std::vector<std::uint64_t> bases;  // of each fragment: the position from which it was last taken
    std::vector<bool> changed;         // since merge()
    std::vector<float> sent;           // of a rebase: the own parameters as they were contributed, or merged
    bool replaced = false;             // since merge(): by a peer's state
    std::vector<Handed> handed;        // by fragment
    bool kept_some = false;            // in the last show()
    const bool has_feedback;           // the codec's residual has what was missed
    double local_norm = 0;
    Nanoseconds waited{0};
    Traffic told;
    bool left = false;

    os::Thread thread;  // last: it ends before the rest goes away
};

// A site that nobody lets in learns it soon; one whose peers are only late waits for them.
Status Session::Impl::wait_for_start(std::unique_lock<std::mutex>& lock, Nanoseconds begin) {
    constexpr Nanoseconds refused_limit = std::chrono::seconds(2);
    const auto passed = [&] { return clock.monotonic() - begin; };
    const auto is_refused = [&] {
        return box.is_refused_for_good && box.seen.empty() && passed() > refused_limit;
    };
    const auto is_late = [&] { return box.role == Role::starting && passed() > config.start_limit; };
    EM_TRY(wait(lock, [&] { return box.role == Role::member || is_refused() || is_late(); }));
    if (box.role == Role::member) return {};
    if (is_refused()) return fail(*box.refused);
    return fail(Code::unavailable, "waited {:.0f} s for {}", to_seconds(config.start_limit), missing());
}

std::string Session::Impl::missing() const {
    std::string names;
    for (Rank rank = 0; rank < config.sites.size(); ++rank) {
        const bool here =
            rank == config.self || std::find(box.seen.begin(), box.seen.end(), rank) != box.seen.end();
        if (!here) names += (names.empty() ? "" : ", ") + config.sites[rank].site.text();
    }
    const std::string why = box.refused ? fmt::format(" ({})", box.refused->message) : "";
    return (names.empty() ? "the run to begin" : names) + why;
}

RoundOutcome Session::Impl::outcome_of() {
    RoundOutcome outcome;
    outcome.next_round = box.position.round;
    outcome.round = box.position.round == 0 ? 0 : box.position.round - 1;
    outcome.inner_steps = config.schedule.inner_steps_of(outcome.next_round);
    outcome.members = box.members;
    const SiteId& self = config.sites[config.self].site;
    const auto is_self = [&](const Contributor& one) { return one.site == self; };
    outcome.contributed = false;
    if (box.committed && box.committed->manifest.round + 1 == box.position.round) {
        const CommittedRound& round = *box.committed;
        outcome.manifest = round.manifest;
        outcome.contributed =
            std::any_of(round.manifest.contributors.begin(), round.manifest.contributors.end(), is_self);
        outcome.pending = !outcome.contributed && box.tally.pending > 0;
        outcome.kept = kept_some;
        outcome.reduce_seconds = round.reduce_seconds;
        outcome.payload_bytes = round.payload_bytes;
        outcome.outer = round.outer;
        outcome.cosine_to_mean = round.cosine_to_mean;
    }
    outcome.sent_bytes = box.traffic.sent_bytes - told.sent_bytes;
    outcome.received_bytes = box.traffic.received_bytes - told.received_bytes;
    told = box.traffic;
    outcome.events = std::exchange(box.events, {});
    return outcome;
}

Session::Session(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Session::~Session() = default;

Result<std::unique_ptr<Session>> Session::open(SessionConfig config, const Clock& clock,
                                               const Logger& logger) {
    EM_TRY(check(config));
    EM_ASSIGN(const Codec* codec, find_run_codec(config.codec));
    auto impl = std::make_unique<Impl>(std::move(config), *codec, clock, logger);
    EM_ASSIGN(impl->mesh, Mesh::open(mesh_config(impl->config), clock));
    impl->port = impl->mesh->port();
    return std::unique_ptr<Session>(new Session(std::move(impl)));
}

Result<StartOutcome> Session::start(OuterState initial, Position from) {
    Impl& self = *impl_;
    EM_ASSERT(self.mesh != nullptr, "a session is started once");
    const std::size_t values = contract::value_count(self.config.layout);
    EM_ASSERT(initial.params.size() == values && initial.momentum.size() == values, "a state of the layout");
    if (!is_finite(initial.params) || !is_finite(initial.momentum) || !is_finite(initial.delayed)) {
        return fail(Code::bad_input, "the outer state to start from is not finite");
    }
    EM_TRY(prepare_state(self.config.outer, from.round / self.config.fragments, initial));
    EM_ASSIGN(ManifestFile file, ManifestFile::open(self.config.manifest_path, from));
    self.engine = std::make_unique<SessionEngine>(self.config, self.codec, std::move(self.mesh),
                                                  std::move(file), std::move(initial), std::move(from),
                                                  self.box, self.clock, self.logger);
    const Nanoseconds begin = self.clock.monotonic();
    self.thread = os::Thread([engine = self.engine.get()] { engine->run(); });

    std::unique_lock lock(self.box.mutex);
    EM_TRY(self.wait_for_start(lock, begin));
    self.show();
    self.replaced = false;
    self.changed.assign(self.fragments.size(), false);
    StartOutcome outcome;
    if (self.config.merge == MergeRule::rebase) self.sent = self.shown->params;
    outcome.joined = self.serial > 1;
    outcome.round = self.shown_position.round;
    outcome.inner_steps = self.config.schedule.inner_steps_of(outcome.round);
    outcome.members = self.box.members;
    outcome.wait_seconds = to_seconds(self.clock.monotonic() - begin);
    outcome.events = std::exchange(self.box.events, {});
    return outcome;
}

// Of the values of the fragment of the round at hand; with the work that was kept.
Contribution Session::Impl::contribution_of(std::span<const float> local, Work work) {
    Contribution made;
    made.epoch = epoch;
    made.fragment = shown_position.round % fragments.size();
    made.gradient.resize(fragments[made.fragment].size());
    std::size_t at = 0;
    for (const ValueRange& range : fragments[made.fragment].ranges) {
        pseudo_gradient(std::span<const float>(shown->params).subspan(range.offset, range.count),
                        local.subspan(range.offset, range.count),
                        std::span(made.gradient).subspan(at, range.count));
        at += range.count;
    }
    Handed& last = handed[made.fragment];
    last.work = {last.work.tokens + work.tokens, last.work.inner_steps + work.inner_steps};
    last.norm = norm(made.gradient);
    last.waits = true;
    made.ready = {last.work.tokens, last.work.inner_steps, bases[made.fragment], last.norm};
    return made;
}

Status Session::contribute(std::span<const float> local, Work work) {
    Impl& self = *impl_;
    EM_ASSERT(self.engine != nullptr && !self.left, "a session that has started and not left");
    EM_ASSERT(local.size() == self.shown->params.size(), "the parameters of this model");
    EM_ASSERT(work.tokens > 0 && work.inner_steps > 0, "a contribution comes from work");
    if (!is_finite(local)) {
        return fail(Code::bad_input,
                    "round {}: the local parameters are not finite (the inner steps diverged)",
                    self.shown_position.round);
    }
    Contribution contribution = self.contribution_of(local, work);
    self.local_norm = contribution.ready.norm;
    self.keep_sent(contribution.fragment, local);

    const Nanoseconds begin = self.clock.monotonic();
    std::unique_lock lock(self.box.mutex);
    const std::uint64_t fragment = contribution.fragment;
    EM_TRY(self.wait_for_round(lock, [&] {
        const bool moved_on = self.box.serial != self.serial;
        return !self.box.contribution && (!self.box.pending[fragment] || moved_on);
    }));
    self.box.contribution = std::move(contribution);
    self.waited = self.clock.monotonic() - begin;
    return {};
}

Result<RoundOutcome> Session::await() {
    Impl& self = *impl_;
    EM_ASSERT(self.engine != nullptr && !self.left, "a session that has started and not left");
    const Nanoseconds begin = self.clock.monotonic();
    std::unique_lock lock(self.box.mutex);
    const std::uint64_t before = self.serial;
    EM_TRY(self.wait_for_round(lock,
                               [&] { return self.box.serial != before && self.box.role != Role::joining; }));
    self.show();
    RoundOutcome outcome = self.outcome_of();
    lock.unlock();
    outcome.local_norm = self.local_norm;
    outcome.state_digest = digest();
    outcome.wait_seconds = to_seconds(self.waited + self.clock.monotonic() - begin);
    self.waited = Nanoseconds{0};
    return outcome;
}

Result<RoundOutcome> Session::exchange(std::span<const float> local, Work work) {
    EM_TRY(contribute(local, work));
    return await();
}

bool Session::is_ready() const {
    const std::lock_guard lock(impl_->box.mutex);
    const bool moved_on = impl_->box.serial != impl_->serial && impl_->box.role != Role::joining;
    return moved_on || !impl_->trouble();
}

bool Session::is_due() const {
    return impl_->box.due.load(std::memory_order_relaxed);
}

void Session::merge(double alpha, std::span<float> local) {
    Impl& self = *impl_;
    EM_ASSERT(local.size() == self.shown->params.size(), "the parameters of this model");
    const bool replaced = std::exchange(self.replaced, false);
    for (std::size_t i = 0; i < self.fragments.size(); ++i) {
        if (!self.changed[i]) continue;
        self.changed[i] = false;
        for (const ValueRange& range : self.fragments[i].ranges) self.merge(range, alpha, replaced, local);
        self.keep_sent(i, self.shown->params);
    }
}

Status Session::leave() {
    Impl& self = *impl_;
    if (!self.engine || self.left) return {};
    self.left = true;
    std::unique_lock lock(self.box.mutex);
    self.box.leave = true;
    const Status ended = self.wait(lock, [&] { return self.box.left; });
    if (!ended) self.box.stop = true;
    lock.unlock();
    self.thread = os::Thread();
    return ended;
}

void Session::stop_waiting() {
    const std::lock_guard lock(impl_->box.mutex);
    impl_->box.hurry = true;
    impl_->box.changed.notify_all();
}

void Session::cancel() {
    const std::lock_guard lock(impl_->box.mutex);
    impl_->box.cancelled = true;
    impl_->box.changed.notify_all();
}

const OuterState& Session::outer() const {
    return *impl_->shown;
}

std::uint64_t Session::fragments() const {
    return impl_->config.fragments;
}

const Position& Session::position() const {
    return impl_->shown_position;
}

std::string Session::digest() const {
    return state_digest(*impl_->shown);
}

Traffic Session::traffic() const {
    const std::lock_guard lock(impl_->box.mutex);
    return impl_->box.traffic;
}

Tally Session::tally() const {
    const std::lock_guard lock(impl_->box.mutex);
    return impl_->box.tally;
}

std::uint16_t Session::port() const {
    return impl_->port;
}

}  // namespace euromesh::sync
