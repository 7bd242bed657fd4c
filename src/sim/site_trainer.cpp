#include <cmath>

#include "base/assert.hpp"
#include "base/hash.hpp"
#include "sim/site_life.hpp"
#include "sync/outer_overlap.hpp"

// The trainer's half of a site: inner steps, contributing, taking up.
namespace euromesh::sim {

using sync::Role;

void Site::pump_trainer() {
    if (!life_ || std::exchange(life_->pumping, true)) return;
    hurry();
    while (life_ && !life_->ends && go_on()) {
    }
    if (life_) life_->pumping = false;
}

// One thing that can be done now; false: none.
bool Site::go_on() {
    switch (life_->doing) {
        case Doing::nothing:
            if (life_->conductor.role() != Role::member) return false;
            begin_training();
            return true;
        case Doing::contributing:
            return hand_over();
        case Doing::awaiting:
            return take_up();
        case Doing::done:  // unless a chain of fewer rounds with more tokens has taken its place
            return life_->conductor.role() == Role::member && take_up();
        case Doing::computing:
            return false;
    }
    return false;
}

void Site::begin_training() {
    show();
    life_->local = life_->shown->params;
    life_->changed.assign(fragments_.size(), false);
    life_->doing = Doing::done;
    if (life_->shown_round < world_.setup().run.rounds) {
        compute(world_.setup().run.inner_steps, Doing::contributing);
    }
}

void Site::compute(std::uint64_t steps, Doing next) {
    const ComputeModel& model = world_.setup().compute;
    double seconds = world_.setup().sites[self_].step_seconds;
    seconds *= 1 + model.spread * (2 * random_.uniform() - 1);
    if (random_.uniform() < model.straggle_chance) seconds *= model.straggle_factor;
    life_->doing = Doing::computing;
    life_->after_phase = next;
    life_->phase_began = now();
    life_->step_seconds = seconds;
    compute_until(steps);
}

// The phase ends after so many steps since it began.
void Site::compute_until(std::uint64_t steps) {
    life_->phase_steps = steps;
    const std::uint64_t phase = ++life_->phase;
    const Nanoseconds length = from_seconds(static_cast<double>(steps) * life_->step_seconds);
    world_.queue().at(life_->phase_began + length, [this, phase, life = lives_] {
        if (life != lives_ || !life_ || life_->ends || life_->phase != phase) return;
        if (life_->doing == Doing::computing) end_phase();
    });
}

void Site::end_phase() {
    times_.compute_s += to_seconds(now() - life_->phase_began);
    train(life_->phase_steps);
    if (life_->after_phase == Doing::contributing) make_contribution();
    begin_wait();
    life_->doing = life_->after_phase;
    pump_trainer();
}

// With a grace: a quorum of others is ready, and what this site has after the step at hand is still in time.
void Site::hurry() {
    if (life_->doing != Doing::computing || life_->after_phase != Doing::contributing) return;
    if (!life_->conductor.is_due()) return;
    const double done = to_seconds(now() - life_->phase_began) / life_->step_seconds;
    const auto steps = static_cast<std::uint64_t>(std::floor(done)) + 1;
    if (steps < life_->phase_steps) compute_until(steps);
}

// A step of the inner optimiser goes a hundredth of the way to what is best for this site's data.
void Site::train(std::uint64_t steps) {
    const float part = static_cast<float>(1 - std::pow(0.99, static_cast<double>(steps)));
    for (std::size_t i = 0; i < target_.size(); ++i) {
        const auto noise = static_cast<float>(static_cast<std::int64_t>(random_.next() >> 40) - (1 << 23));
        life_->local[i] += part * (target_[i] - life_->local[i]) + noise * 1e-9f;
    }
    life_->steps_since += steps;
}

void Site::make_contribution() {
    Contribution made;
    made.epoch = life_->shown_epoch;
    made.fragment = fragment_of(life_->shown_round);
    const sync::Fragment& fragment = fragments_[made.fragment];
    std::vector<float> start(fragment.size()), local(fragment.size()), gradient(fragment.size());
    sync::gather(fragment, life_->shown->params, start);
    sync::gather(fragment, life_->local, local);
    sync::pseudo_gradient(start, local, gradient);
    const std::uint64_t steps = std::exchange(life_->steps_since, 0);
    made.ready = {steps * world_.setup().sites[self_].tokens_per_step, steps, life_->bases[made.fragment],
                  sync::norm(gradient)};
    Bytes encoded(codec_.encoded_bytes(gradient.size()));
    codec_.encode(gradient, encoded);
    made.digest = to_hex(sha256(encoded));
    made.encoded = std::make_shared<const Bytes>(std::move(encoded));
    life_->made = std::move(made);
}

// Waits only while an earlier contribution of the same fragment waits for the round at hand.
bool Site::hand_over() {
    if (now() < life_->busy_until) {
        when_free([this] { pump_trainer(); });
        return false;
    }
    if (life_->again && !life_->conductor.pending(life_->again->fragment)) return hand_over_again();
    const std::uint64_t fragment = life_->made->fragment;
    const bool moved_on = life_->serial != life_->shown_serial;
    if (life_->conductor.pending(fragment) && !moved_on) return false;
    if (!life_->conductor.can_take(fragment)) return false;
    const Contribution given = *std::exchange(life_->made, std::nullopt);
    const std::uint64_t tau = world_.setup().run.tau;
    life_->doing = Doing::awaiting;
    world_.observer().handed_in({who(), fragment, given.ready, given.digest, given.encoded});
    if (given.epoch == life_->epoch) {
        life_->contributions[fragment] = given;
        perform(life_->conductor.contribute(now(), given.ready, fragment));
    } else {
        note("dropped", fmt::format("a contribution of {} tokens from round {} is void: the outer state was "
                                    "taken from another site since",
                                    given.ready.tokens, given.ready.base));
    }
    if (tau > 0 && life_ && !life_->ends && life_->doing == Doing::awaiting) {
        end_wait();
        compute(tau, Doing::awaiting);
    }
    return true;
}

// As a broken session would: nobody has handed it in.
bool Site::hand_over_again() {
    if (!life_->conductor.can_take(life_->again->fragment)) return false;
    Contribution again = *std::exchange(life_->again, std::nullopt);
    again.ready.base = life_->conductor.position().round;
    life_->contributions[again.fragment] = again;
    perform(life_->conductor.contribute(now(), again.ready, again.fragment));
    return true;
}

bool Site::take_up() {
    if (life_->serial == life_->shown_serial || life_->conductor.role() == Role::joining) return false;
    end_wait();
    const bool whole = life_->epoch != life_->shown_epoch;
    show();
    merge(whole);
    times_.rounds += 1;
    after_round();
    return true;
}

void Site::show() {
    const sync::Position& position = life_->conductor.position();
    for (std::size_t i = 0; i < fragments_.size(); ++i) {
        if (life_->versions[i] <= life_->shown_serial) continue;
        life_->bases[i] = position.round;
        life_->changed[i] = true;
    }
    life_->shown = life_->state;
    life_->shown_round = position.round;
    life_->shown_serial = life_->serial;
    life_->shown_epoch = life_->epoch;
}

void Site::merge(bool whole) {
    const double alpha = whole || world_.setup().run.tau == 0 ? 0 : world_.setup().run.alpha;
    const std::span<const float> params(life_->shown->params);
    for (std::size_t i = 0; i < fragments_.size(); ++i) {
        if (!life_->changed[i]) continue;
        life_->changed[i] = false;
        for (const sync::ValueRange& range : fragments_[i].ranges) {
            sync::overlap_mix(alpha, params.subspan(range.offset, range.count),
                              std::span(life_->local).subspan(range.offset, range.count));
        }
    }
}

// Checkpoints, and what comes next.
void Site::after_round() {
    const RunModel& run = world_.setup().run;
    const bool last = life_->shown_round >= run.rounds;
    if (last || life_->leave_asked || life_->shown_round % run.checkpoint_rounds == 0) {
        const Status saved = disk_.save({life_->conductor.position(), life_->shown});
        if (!saved) return end_soon(Ending::closed, saved.error().within("checkpoint"));
    }
    life_->doing = Doing::done;
    if (last) return;
    if (life_->leave_asked) return perform(life_->conductor.leave(now()));
    compute(run.inner_steps - run.tau, Doing::contributing);
}

// ---- times ------------------------------------------------------------------------------------------------

void Site::begin_wait() {
    if (!life_->wait_began) life_->wait_began = now();
}

void Site::end_wait() {
    if (!life_->wait_began) return;
    const Nanoseconds began = *std::exchange(life_->wait_began, std::nullopt);
    times_.wait_s += to_seconds(now() - began);
    if (life_->reduce_began) times_.exchange_s += to_seconds(now() - std::max(began, *life_->reduce_began));
}

}  // namespace euromesh::sim
