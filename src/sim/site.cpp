#include "sim/site.hpp"

#include <algorithm>
#include <cmath>

#include "base/assert.hpp"
#include "base/hash.hpp"
#include "sim/site_life.hpp"

namespace euromesh::sim {
namespace {

constexpr Nanoseconds tick_least = std::chrono::milliseconds(5);
constexpr Nanoseconds tick_rare = std::chrono::seconds(2);
// Frame and TLS record around a small message, and such a message where it has no wire form here.
constexpr double envelope_bytes = 50;
constexpr double message_bytes = 800;

sync::OuterState initial_state(const sync::OuterConfig& outer, std::size_t values) {
    Random random(derive_seed(1, 7));
    std::vector<float> params(values);
    for (float& value : params) value = static_cast<float>(random.uniform() - 0.5);
    sync::OuterState state = sync::OuterState::from(params);
    const Status prepared = sync::prepare_state(outer, 0, state);
    EM_ASSERT(prepared.has_value(), "a new state fits any kind");
    return state;
}

}  // namespace

Site::Site(World& world, Rank self)
    : world_(world),
      self_(self),
      codec_(*sync::find_codec(world.setup().run.codec).value()),
      fragments_(sync::make_fragments(layout_of(world.setup().run), world.setup().run.fragments).value()),
      clock_(world.queue()),
      random_(derive_seed(world.setup().seed, 1000 + self)) {
    target_.resize(contract::value_count(layout_of(world.setup().run)));
    for (float& value : target_) value = static_cast<float>(random_.uniform() - 0.5);
}

Site::~Site() = default;

const sync::Conductor* Site::conductor() const {
    return life_ ? &life_->conductor : nullptr;
}

SharedState Site::state() const {
    return life_ ? life_->state : nullptr;
}

// ---- lives ------------------------------------------------------------------------------------------------

void Site::start() {
    EM_ASSERT(!life_, "a site runs once at a time");
    lives_ += 1;
    left_ = false;
    sync::Position position;
    SharedState state;
    if (disk_.checkpoint()) {
        position = disk_.checkpoint()->position;
        state = disk_.checkpoint()->state;
    } else {
        state =
            std::make_shared<const sync::OuterState>(initial_state(world_.setup().run.outer, target_.size()));
    }
    const Status opened = disk_.open(position);
    EM_ASSERT(opened.has_value(), "opening writes nothing");
    life_ = std::make_unique<Life>(conductor_config(world_.setup(), self_), position, state_digest(*state));
    life_->state = state;
    life_->contributions.resize(fragments_.size());
    life_->versions.resize(fragments_.size(), 1);
    life_->bases.resize(fragments_.size());
    life_->changed.resize(fragments_.size());
    world_.observer().life_began(who(), position, *state);
    world_.network().site_began(self_);
    perform(life_->conductor.begin(now()));
}

void Site::kill(Ending ending) {
    if (life_) end_life(ending, false);
}

std::vector<std::string> Site::pending_names() const {
    std::vector<std::string> names;
    for (std::uint64_t fragment = 0; fragment < fragments_.size(); ++fragment) {
        if (life_->contributions[fragment]) names.push_back(life_->contributions[fragment]->digest);
    }
    return names;
}

void Site::end_life(Ending ending, bool on_purpose) {
    if (life_->reducing) life_->reducing->give_up(self_);
    world_.observer().life_ended(who(), pending_names(), on_purpose);
    life_.reset();
    left_ = on_purpose;
    world_.network().site_ended(self_, ending);
}

// After the event at hand; what comes to it until then is lost.
void Site::end_soon(Ending ending, std::optional<Error> why) {
    if (std::exchange(life_->ends, true)) return;
    world_.queue().after(Nanoseconds{0}, [this, ending, why, life = lives_] {
        if (!life_ || life != lives_) return;
        end_life(ending, !why);
        world_.ended(self_, why);
    });
}

void Site::ask_to_leave() {
    if (life_) life_->leave_asked = true;
}

void Site::leave() {
    if (!life_ || life_->ends || life_->conductor.role() == sync::Role::leaving) return;
    life_->doing = Doing::done;
    perform(life_->conductor.leave(now()));
}

bool Site::is_at_the_end() const {
    if (!life_) return false;
    const sync::Conductor& conductor = life_->conductor;
    return conductor.role() == sync::Role::joining ||
           (conductor.role() == sync::Role::member &&
            conductor.position().round >= world_.setup().run.rounds);
}

// While it writes to its disk a site hears nothing and says nothing; things keep their order.
void Site::when_free(Task task) {
    if (!life_ || life_->ends) return;
    if (now() >= life_->busy_until) return task();
    world_.queue().at(life_->busy_until, [this, life = lives_, task = std::move(task)] {
        if (life == lives_) when_free(task);
    });
}

Nanoseconds Site::hold() {
    return std::max(Nanoseconds{0}, life_->busy_until - now());
}

// A pause of the conductor begins with an event, so ticks may become rarer the longer nothing happened. A
// member that does not lead has no pauses.
void Site::schedule_tick() {
    const sync::Conductor& conductor = life_->conductor;
    const bool pauses = conductor.role() != sync::Role::member || conductor.lead() == self_;
    const double idle = to_seconds(now() - life_->last_event) * (pauses ? world_.setup().tick_fraction : 1);
    const Nanoseconds when = now() + std::max(pauses ? tick_least : tick_rare, from_seconds(idle));
    if (life_->tick_at > now() && life_->tick_at <= when) return;
    life_->tick_at = when;
    const std::uint64_t number = ++life_->tick_number;
    world_.queue().at(when, [this, number, life = lives_] {
        if (life == lives_ && life_ && !life_->ends) tick(number);
    });
}

void Site::tick(std::uint64_t number) {
    if (number != life_->tick_number) return;
    if (now() < life_->busy_until) return schedule_tick();
    const sync::Actions actions = life_->conductor.tick(now());
    actions.empty() ? schedule_tick() : perform(actions);
}

// ---- peers ------------------------------------------------------------------------------------------------

void Site::peer_up(Rank peer) {
    when_free([this, peer] { perform(life_->conductor.peer_up(now(), peer)); });
}

void Site::peer_down(Rank peer) {
    when_free([this, peer] { perform(life_->conductor.peer_down(now(), peer)); });
}

void Site::hear(Rank from, const sync::Message& message) {
    if (!life_->conductor.sees(from)) return;
    perform(life_->conductor.receive(now(), from, message));
}

void Site::act(const sync::Send& send) {
    double bytes = message_bytes + envelope_bytes;
    sync::Message message = send.message;
    if (world_.setup().wire) {
        const std::string text = sync::encode(send.message);
        bytes = static_cast<double>(text.size()) + envelope_bytes;
        auto decoded = sync::decode_message(sync::type_of(send.message), std::as_bytes(std::span(text)));
        EM_ASSERT(decoded.has_value(), "what a conductor says can be read");
        message = std::move(*decoded);
    }
    world_.network().send(self_, send.to, bytes, hold(),
                          [&world = world_, from = self_, to = send.to, message = std::move(message)] {
                              Site& site = world.site(to);
                              site.when_free([&site, from, message] { site.hear(from, message); });
                          });
}

void Site::act(const sync::SendState& send) {
    const std::uint64_t serial = ++life_->state_serial[send.to];
    const sync::Offer offer = life_->conductor.offer();
    note("state", fmt::format("the outer state goes to {}", world_.setup().sites[send.to].name));
    world_.network().send_bulk(self_, send.to, state_bytes(world_.setup().run), hold(),
                               [this, life = lives_, serial, to = send.to, offer, state = life_->state] {
                                   const bool newest =
                                       life_ && life == lives_ && life_->state_serial[to] == serial;
                                   Site& site = world_.site(to);
                                   if (newest)
                                       site.when_free([&site, from = self_, offer, state] {
                                           site.state_arrived(from, offer, state);
                                       });
                               });
}

void Site::state_arrived(Rank from, const sync::Offer& offer, const SharedState& state) {
    if (life_->conductor.standing().wants != from) return;
    life_->arrived = state;
    life_->arrived_offer = offer;
    perform(life_->conductor.state_arrived(now(), from, offer));
    life_->arrived.reset();
}

void Site::act(const sync::SendResult& send) {
    const auto kept = life_->results.find(send.round);
    EM_ASSERT(kept != life_->results.end(), "as many results are kept as the conductor keeps lines");
    world_.network().send_bulk(
        self_, send.to, payload_bytes(world_.setup().run), hold(),
        [&world = world_, from = self_, to = send.to, round = send.round, bytes = kept->second] {
            Site& site = world.site(to);
            site.when_free([&site, from, round, bytes] { site.result_arrived(from, round, bytes); });
        });
}

void Site::result_arrived(Rank from, std::uint64_t round, const SharedBytes& bytes) {
    const sync::Manifest* awaited = life_->conductor.awaited();
    if (!awaited || awaited->round != round || life_->conductor.standing().wants != from) return;
    const std::string digest = make_candidate(round, bytes);
    perform(life_->conductor.result_arrived(now(), round, digest));
}

// ---- reductions -------------------------------------------------------------------------------------------

void Site::act(const sync::StartReduce& start) {
    if (life_->reducing) act(sync::AbortReduce{});
    const auto& contribution = life_->contributions[fragment_of(start.plan.round)];
    EM_ASSERT(contribution.has_value(), "a site that follows a plan is ready");
    life_->reduce_began = now();
    life_->reducing_name = contribution->digest;
    const Rank lead = start.plan.ballot % sync::sites_most;
    const int lead_life = world_.site(lead).life_number();
    life_->reducing = world_.reductions().find(codec_, start.plan, lead_life, values_of(start.plan.round));
    const std::shared_ptr<Reduction> reduction = life_->reducing;
    if (misses_a_member(*reduction)) return fail_reduction();
    if (!reduction->join(self_, contribution->encoded)) return;
    const double seconds =
        world_.network().reduce_seconds(reduction->ranks(), payload_bytes(world_.setup().run));
    for (const Rank rank : reduction->ranks()) {
        Site& site = world_.site(rank);
        const Nanoseconds when = now() + from_seconds(seconds + world_.network().jitter());
        world_.queue().at(when,
                          [&site, reduction, life = site.lives_] { site.reduction_ends(reduction, life); });
    }
}

bool Site::misses_a_member(const Reduction& reduction) const {
    const std::vector<Rank> ranks = reduction.ranks();
    return std::any_of(ranks.begin(), ranks.end(),
                       [&](Rank rank) { return rank != self_ && !life_->conductor.sees(rank); });
}

// A reduction with a member that is down does not even start; told after the event at hand.
void Site::fail_reduction() {
    world_.queue().after(Nanoseconds{0}, [this, reduction = life_->reducing, life = lives_] {
        if (life != lives_) return;
        when_free([this, reduction] {
            if (life_->reducing != reduction) return;
            act(sync::AbortReduce{});
            perform(life_->conductor.reduce_failed(now(), reduction->plan().ballot));
        });
    });
}

void Site::act(const sync::AbortReduce&) {
    if (const auto reduction = std::exchange(life_->reducing, nullptr)) reduction->give_up(self_);
}

// It does not end where a member has given up or a line is dead; later where a line stands still.
void Site::reduction_ends(const std::shared_ptr<Reduction>& reduction, int life) {
    if (life != lives_ || !life_ || life_->ends || life_->reducing != reduction) return;
    if (!reduction->can_end(self_)) return;
    Nanoseconds stalled{0};
    for (const Rank rank : reduction->ranks()) {
        if (rank == self_ || reduction->has_ended(rank)) continue;
        if (!world_.network().carries(self_, rank)) return;
        stalled = std::max(stalled, world_.network().stalled_until(self_, rank));
    }
    const Nanoseconds when = std::max(stalled, life_->busy_until);
    if (when > now()) {
        return world_.queue().at(when, [this, reduction, life] { reduction_ends(reduction, life); });
    }
    reduction->end(self_);
    life_->reducing.reset();
    const sync::Plan& plan = reduction->plan();
    const std::string state = make_candidate(plan.round, reduction->result());
    const double bytes = payload_bytes(world_.setup().run);
    if (plan.members.front().rank == self_) world_.network().count_reduction(reduction->ranks(), bytes);
    const std::string digest = life_->reducing_name;
    perform(life_->conductor.reduced(now(), {plan.ballot, state, digest, static_cast<std::uint64_t>(bytes)}));
}

std::string Site::make_candidate(std::uint64_t round, const SharedBytes& result) {
    std::vector<float> mean(values_of(round));
    codec_.decode(*result, mean);
    sync::OuterState next = *life_->state;
    sync::outer_step(world_.setup().run.outer, round / fragments_.size(), fragments_[fragment_of(round)],
                     mean, next);
    if (std::exchange(flip_next_, false)) {
        next.params[fragments_[fragment_of(round)].ranges[0].offset] += 1.0f;
        world_.observer().flipped(who(), round);
    }
    life_->candidate.state = std::make_shared<const sync::OuterState>(std::move(next));
    life_->candidate.result = result;
    return state_digest(*life_->candidate.state);
}

// ---- what the conductor says ------------------------------------------------------------------------------

void Site::perform(const sync::Actions& actions) {
    life_->last_event = now();
    for (const sync::Action& action : actions) {
        if (life_->ends) return;  // a commit that cannot be written is not told to others
        std::visit([&](const auto& one) { act(one); }, action);
    }
    if (life_->ends) return;
    settle_dropped();
    pump_trainer();
    if (life_ && !life_->ends) schedule_tick();
}

// What the conductor has given up, with a note.
void Site::settle_dropped() {
    for (std::uint64_t fragment = 0; fragment < fragments_.size(); ++fragment) {
        if (!life_->conductor.pending(fragment)) life_->contributions[fragment].reset();
    }
}

void Site::act(const sync::Adopt& adopt) {
    if (life_->reducing) act(sync::AbortReduce{});
    life_->busy_until = now() + from_seconds(world_.setup().fsync_s);
    const Status written = disk_.append(adopt.line);
    if (!written) return end_soon(Ending::closed, written.error().within("manifest"));
    const std::uint64_t fragment = fragment_of(adopt.manifest.round);
    life_->results[adopt.manifest.round] = std::exchange(life_->candidate.result, nullptr);
    while (life_->results.size() > world_.setup().run.catch_up_rounds)
        life_->results.erase(life_->results.begin());
    life_->state = std::exchange(life_->candidate.state, nullptr);
    life_->serial += 1;
    life_->versions[fragment] = life_->serial;
    world_.observer().adopted(who(), adopt.line, life_->state);
    world_.happened(self_, fmt::format("round {} committed with {} contributions", adopt.manifest.round,
                                       adopt.manifest.contributors.size()));
    if (world_.setup().break_late_twice) offer_again(adopt.manifest);
    if (!life_->conductor.pending(fragment)) life_->contributions[fragment].reset();
}

// The defect of Setup::break_late_twice: counted once, and offered as if it had been computed anew.
void Site::offer_again(const sync::Manifest& manifest) {
    const std::string& self = world_.setup().sites[self_].name;
    const auto& own = life_->contributions[manifest.fragment];
    for (const sync::Contributor& one : manifest.contributors) {
        const bool late = one.base + fragments_.size() <= manifest.round;
        if (one.site.text() == self && late && own) life_->again = own;
    }
}

void Site::act(const sync::AdoptState& adopt) {
    EM_ASSERT(life_->arrived != nullptr, "the conductor adopts what has just arrived");
    if (life_->reducing) act(sync::AbortReduce{});
    const sync::Offer& offer = life_->arrived_offer;
    const Status filed = disk_.continue_from(offer.position, offer.last_line);
    if (!filed) return end_soon(Ending::closed, filed.error().within("manifest"));
    note("state", fmt::format("took the outer state of {}", world_.setup().sites[adopt.from].name));
    life_->results.clear();
    for (auto& contribution : life_->contributions) contribution.reset();
    life_->state = life_->arrived;
    life_->serial += 1;
    life_->epoch += 1;
    life_->versions.assign(fragments_.size(), life_->serial);
    world_.observer().took_state(who(), offer.position, *life_->state);
}

void Site::act(const sync::Note& said) {
    world_.observer().noted(who(), said);
    world_.happened(self_, fmt::format("{}: {}", said.kind, said.text));
}

void Site::note(std::string kind, std::string text) {
    act(sync::Note{life_->conductor.position().round, std::move(kind), world_.setup().sites[self_].name,
                   std::move(text)});
}

void Site::act(const sync::Left&) {
    settle_dropped();
    end_soon(Ending::closed, std::nullopt);
}

}  // namespace euromesh::sim
