#include "apps/site_run.hpp"

#include "apps/announced_way.hpp"
#include "apps/exchange_ways.hpp"
#include "apps/run_checkpoint.hpp"
#include "apps/run_folder.hpp"
#include "apps/site_leave.hpp"
#include "base/assert.hpp"
#include "base/os/process.hpp"
#include "base/os/stop_watcher.hpp"
#include "sync/exchange/pki.hpp"
#include "sync/session.hpp"

namespace euromesh::apps {
namespace {

using contract::RunSpec;

Status apply_addresses(RunSpec& spec, const std::string& list) {
    std::size_t begin = 0;
    while (begin < list.size()) {
        const std::size_t end = std::min(list.find(',', begin), list.size());
        const std::string item = list.substr(begin, end - begin);
        const std::size_t equals = item.find('=');
        if (equals == std::string::npos) {
            return fail(Code::bad_input, "--addresses '{}': use NAME=HOST:PORT,NAME=HOST:PORT", item);
        }
        EM_ASSIGN(const std::size_t rank, spec.rank_of(item.substr(0, equals)));
        spec.sites[rank].address = item.substr(equals + 1);
        begin = end + 1;
    }
    return {};
}

bool is_dialled(const RunSpec& spec, std::size_t rank) {
    for (std::size_t other = 0; other < spec.sites.size(); ++other) {
        if (other != rank && exchange_of(spec, rank, other) == "direct") return true;
    }
    return false;
}

Result<std::vector<sync::SiteAddress>> addresses_of(const RunSpec& spec) {
    std::vector<sync::SiteAddress> sites;
    for (std::size_t rank = 0; rank < spec.sites.size(); ++rank) {
        const contract::SiteSpec& site = spec.sites[rank];
        if (site.address.empty() && !spec.placed && is_dialled(spec, rank)) {
            return fail(Code::bad_input, "site {} has no address; give one in the run file or by --addresses",
                        site.id.text());
        }
        os::Endpoint endpoint{"127.0.0.1", 0};
        if (!site.address.empty()) {
            EM_ASSIGN(endpoint, os::parse_endpoint(site.address));
        }
        sites.push_back({site.id, endpoint});
    }
    return sites;
}

Result<sync::SessionConfig> session_of(const RunSpec& spec, std::size_t rank, const trainer::Trainer& trainer,
                                       int threads, const Clock& clock) {
    sync::SessionConfig config;
    config.codec_threads = static_cast<unsigned>(std::max(threads, 1));
    config.run = spec.name;
    EM_ASSIGN(config.sites, addresses_of(spec));
    config.self = rank;
    if (spec.encrypted && spec.sites.size() > 1) {
        EM_ASSIGN(config.tls, sync::pki_load(spec.pki, spec.name, spec.sites[rank].id, clock));
    }
    config.layout = trainer.layout();
    config.codec = spec.outer.codec;
    EM_ASSIGN(config.outer.kind, sync::parse_outer_kind(spec.outer.kind));
    config.outer.lr = spec.outer.learning_rate;
    config.outer.momentum = spec.outer.momentum;
    config.outer.delay = static_cast<std::uint64_t>(spec.outer.delay);
    config.schedule = schedule_of(spec);
    EM_ASSIGN(config.weights, sync::parse_weight_rule(spec.outer.weights));
    config.fragments = static_cast<std::uint64_t>(spec.outer.fragments);
    EM_ASSIGN(config.merge, sync::parse_merge_rule(spec.outer.merge));
    config.rounds = Rounds(spec).count();
    config.quorum = static_cast<std::size_t>(spec.rounds.quorum);
    config.staleness_most = static_cast<std::uint64_t>(spec.rounds.staleness);
    config.norm_gate = spec.rounds.norm_gate;
    if (spec.rounds.wait == "quorum") {
        config.grace.emplace();
        config.grace->mads = spec.rounds.grace_mads;
        config.grace->least = std::chrono::milliseconds(spec.rounds.grace_least_ms);
    }
    config.manifest_path = manifest_file(spec, spec.sites[rank].id.text());
    if (spec.placed) {
        config.starting_members = static_cast<std::size_t>(spec.placed->starting_members);
        EM_ASSIGN(config.listen, listening_endpoint(*spec.placed));
    }
    EM_TRY(choose_ways(spec, clock, config));
    return config;
}

class SiteRun {
  public:
    SiteRun(RunSpec spec, std::size_t rank, trainer::Trainer trainer, trainer::Text text, const Clock& clock,
            EventTeller& teller, LifeBegin life)
        : spec_(std::move(spec)),
          site_(spec_.sites[rank]),
          rank_(rank),
          trainer_(std::move(trainer)),
          text_(std::move(text)),
          clock_(clock),
          teller_(teller),
          rounds_(spec_),
          local_(trainer_.parameter_count()),
          begin_(clock.monotonic()),
          leave_(spec_, clock),
          life_(life) {}

    Status run(std::unique_ptr<sync::Session> session, const ProcessOptions& options) {
        session_ = std::move(session);
        EM_TRY(start(options));
        {
            const os::StopWatcher watcher([this] { session_->stop_waiting(); }, leave_.round_limit());
            while (!is_finished() && !leave_.is_asked()) EM_TRY(one_round());
            if (given_) EM_TRY(take_outcome(0));
        }
        if (is_finished()) return end();
        EM_TRY(leave());
        return fail(Code::cancelled, "left at round {} with a checkpoint", session_->position().round);
    }

    // All rounds are in the state that prepare() has read: another life has finished the run.
    bool has_been_finished() const { return position_.round >= rounds_.count(); }

    Status prepare(bool resume) {
        EM_TRY(os::make_folders(site_folder(spec_, site_.id.text())));
        std::optional<SiteState> state;
        if (resume) {
            EM_ASSIGN(state, newest_state(spec_, site_.id.text()));
        }
        if (state) {
            initial_ = std::move(state->outer);
            position_ = state->position;
            if (!state->optimiser.first.empty()) EM_TRY(trainer_.restore_optimiser(state->optimiser));
        } else {
            trainer_.read_parameters(local_);
            initial_ = sync::OuterState::from(local_);
        }
        life_.loaded_ms = utc_ms(clock_);
        if (has_been_finished()) return {};
        return set_manifests_aside(manifest_file(spec_, site_.id.text()), position_.round);
    }

    const trainer::Trainer& trainer() const { return trainer_; }

  private:
    // The inner steps from one contribution to the next.
    struct Phase {
        std::uint64_t steps = 0;
        double loss_sum = 0;
        double compute_s = 0;
    };

    Status start(const ProcessOptions& options) {
        // Nobody may come: the user can stop the wait. Later waits are short, for peers finish their round or
        // leave.
        std::optional<os::StopWatcher> watcher(std::in_place, [this] { session_->cancel(); });
        EM_ASSIGN(const sync::StartOutcome begun, session_->start(std::move(initial_), position_));
        watcher.reset();
        round_ = begun.round;
        tell_events(begun.events);
        trainer_.write_parameters(session_->outer().params);
        if (round_ < rounds_.count()) go_to_step(rounds_.first_step(round_));
        life_.joined_ms = end_.worked_until_ms = utc_ms(clock_);
        tell_gap();
        teller_.tell({{"event", "start"},
                      {"site", site_.id.text()},
                      {"process_id", os::own_process_id()},
                      {"joined", begun.joined},
                      {"round", round_},
                      {"step", round_ < rounds_.count() ? rounds_.first_step(round_) : trainer_.steps_done()},
                      {"parameters", trainer_.parameter_count()},
                      {"text_bytes", text_.size()},
                      {"device", trainer_.device_name()},
                      {"threads", options.threads},
                      {"allocation", allocation_number()},
                      {"at_ms", life_.joined_ms}});
        return {};
    }

    void tell_gap() {
        const os::Path events =
            event_file(spec_, file_name_of({contract::Teller::Kind::federated, site_.id.text()}));
        std::optional<Json> gap = gap_of(last_timed_event(events), life_);
        if (!gap) return;
        (*gap)["site"] = site_.id.text();
        (*gap)["round"] = round_;
        (*gap)["allocation"] = allocation_number();
        teller_.tell(*gap);
    }

    bool is_finished() const { return round_ >= rounds_.count() && !given_; }

    // The inner optimiser keeps its moments; its step, and with it the learning rate, is that of the run.
    void go_to_step(std::uint64_t step) {
        trainer::OptimiserState state = trainer_.optimiser_state();
        if (state.step == step) return;
        state.step = step;
        const Status restored = trainer_.restore_optimiser(state);
        EM_ASSERT(restored.has_value(), "a trainer takes its own state back");
    }

    // The first steps of a round overlap with the exchange of the one before. After the last there is only
    // what is still under way.
    Status one_round() {
        phase_ = Phase{};
        const bool more = round_ < rounds_.count();
        std::uint64_t left = more ? rounds_.steps(round_) : 0;
        trainer::Sampler sampler = sampler_of(spec_, rank_, round_);
        if (given_) {
            const std::uint64_t overlap = std::min(left, static_cast<std::uint64_t>(spec_.outer.overlap));
            EM_TRY(inner_steps(sampler, overlap));
            left -= overlap;
            EM_TRY(take_outcome(overlap));
        }
        if (!more || round_ >= rounds_.count() || !leave_.steps_go_on()) return {};
        EM_TRY(inner_steps(sampler, left));
        return leave_.is_asked() && leave_.drops() ? Status{} : give();
    }

    Status give() {
        trainer_.read_parameters(local_);
        EM_TRY(session_->contribute(local_, {tokens_of(phase_.steps), phase_.steps}));
        given_ = std::exchange(phase_, Phase{});
        round_ += 1;
        return spec_.outer.overlap == 0 ? take_outcome(0) : Status{};
    }

    // What came of the last contribution; `ahead` inner steps were done meanwhile.
    Status take_outcome(std::uint64_t ahead) {
        auto awaited = session_->await();
        if (!awaited && awaited.error().code == Code::unavailable && leave_.is_asked()) return not_waited();
        EM_ASSIGN(const sync::RoundOutcome outcome, std::move(awaited));
        tell_events(outcome.events);
        tell_round(outcome, *std::exchange(given_, std::nullopt));
        trainer_.read_parameters(local_);
        session_->merge(ahead > 0 ? spec_.outer.mix : 0.0, local_);
        trainer_.write_parameters(local_);
        round_ = outcome.next_round;
        if (round_ < rounds_.count()) go_to_step(rounds_.first_step(round_) + ahead);
        return after_round();
    }

    // It may count at the others all the same; the manifests say.
    Status not_waited() {
        open_steps_ = std::exchange(given_, std::nullopt)->steps;
        round_ = session_->position().round;
        return {};
    }

    Status inner_steps(trainer::Sampler& sampler, std::uint64_t steps) {
        const Nanoseconds begin = clock_.monotonic();
        for (std::uint64_t i = 0; i < steps; ++i) {
            sampler.next(text_, static_cast<std::size_t>(spec_.inner.batch), window_length(spec_), batch_);
            EM_ASSIGN(const trainer::StepResult result, trainer_.step(batch_));
            progress_.stepped(trainer_.steps_done(), batch_.tokens(), result.loss);
            phase_.loss_sum += result.loss;
            phase_.steps += 1;
            end_.worked_until_ms = utc_ms(clock_);
            if (session_->is_due()) break;  // the others wait: what there is counts
            if (!leave_.steps_go_on()) break;
        }
        phase_.compute_s += to_seconds(clock_.monotonic() - begin);
        return {};
    }

    std::uint64_t tokens_of(std::uint64_t steps) const {
        return steps * static_cast<std::uint64_t>(spec_.inner.batch * spec_.model.context);
    }

    void tell_round(const sync::RoundOutcome& outcome, const Phase& given) {
        Json members = Json::array();
        for (const sync::Contributor& contributor : outcome.manifest.contributors)
            members.push_back(contributor.site.text());
        told_ = session_->traffic();
        teller_.tell({{"event", "round"},
                      {"site", site_.id.text()},
                      {"round", outcome.round},
                      {"fragment", outcome.round % session_->fragments()},
                      {"inner_steps", given.steps},
                      {"tokens", tokens_of(given.steps)},
                      {"contributed", outcome.contributed},
                      {"pending", outcome.pending},
                      {"members", members},
                      {"loss", given.loss_sum / static_cast<double>(given.steps)},
                      {"compute_s", given.compute_s},
                      {"wait_s", outcome.wait_seconds},
                      {"reduce_s", outcome.reduce_seconds},
                      {"bytes_sent", outcome.sent_bytes},
                      {"bytes_received", outcome.received_bytes},
                      {"payload_bytes", outcome.payload_bytes},
                      {"gain", outcome.outer.effective_gain},
                      {"cosine", outcome.cosine_to_mean},
                      {"norm", outcome.local_norm},
                      {"digest", outcome.state_digest},
                      {"at_ms", utc_ms(clock_)}});
    }

    void tell_events(const std::vector<sync::SessionEvent>& events) {
        for (const sync::SessionEvent& event : events) {
            teller_.tell(
                {{"event", "note"}, {"round", event.round}, {"kind", event.kind}, {"text", event.text}});
        }
    }

    Status after_round() {
        const bool last = round_ >= rounds_.count();
        const auto every = static_cast<std::uint64_t>(spec_.evaluate.every_rounds);
        if (last) {
            EM_TRY(evaluate(spec_.evaluate.windows, true));
        } else if (leave_.is_asked()) {
            return {};
        } else if (every > 0 && round_ % every == 0) {
            EM_TRY(evaluate((spec_.evaluate.windows + 3) / 4, false));
        }
        const auto pause = static_cast<std::uint64_t>(spec_.checkpoint_rounds);
        if (!last && round_ % pause == 0) EM_TRY(save());
        return {};
    }

    // The outer parameters are evaluated, never a replica's.
    Status evaluate(std::int64_t windows, bool final) {
        trainer_.read_parameters(local_);
        trainer_.write_parameters(session_->outer().params);
        const Result<double> evaluated = held_out_loss(spec_, site_, windows, trainer_);
        trainer_.write_parameters(local_);
        EM_ASSIGN(const double loss, evaluated);
        const std::uint64_t steps =
            final ? static_cast<std::uint64_t>(spec_.steps) : rounds_.first_step(round_);
        teller_.tell({{"event", "evaluation"},
                      {"round", round_},
                      {"tokens", tokens_of(steps)},
                      {"loss", {{site_.language, loss}}},
                      {"final", final}});
        return {};
    }

    Status save() {
        EM_ASSIGN(saved_,
                  save_site(spec_, site_.id.text(), trainer_, session_->outer(), session_->position()));
        return {};
    }

    // The others go on at once; what they lack of the last rounds they get first.
    Status leave() {
        end_.handed_in_ms = utc_ms(clock_);
        const std::uint64_t dropped = phase_.steps;
        trainer_.write_parameters(session_->outer().params);
        EM_TRY(session_->leave());
        end_.left_ms = utc_ms(clock_);
        EM_TRY(save());
        end_.saved_ms = utc_ms(clock_);
        const sync::Traffic all = session_->traffic();
        Json told = {{"event", "left"},
                     {"site", site_.id.text()},
                     {"round", session_->position().round},
                     {"seconds", to_seconds(clock_.monotonic() - begin_)},
                     {"dropped_steps", dropped},
                     {"open_steps", open_steps_},
                     {"checkpoint", saved_.string()},
                     {"bytes_sent", all.sent_bytes - told_.sent_bytes},
                     {"bytes_received", all.received_bytes - told_.received_bytes}};
        told.update(leave_parts(end_));
        teller_.tell(told);
        return {};
    }

    // What is left behind holds the outer parameters.
    Status end() {
        trainer_.write_parameters(session_->outer().params);
        EM_TRY(save());
        EM_TRY(session_->leave());
        const sync::Traffic all = session_->traffic();
        teller_.tell({{"event", "done"},
                      {"round", round_},
                      {"seconds", to_seconds(clock_.monotonic() - begin_)},
                      {"checkpoint", saved_.string()},
                      {"bytes_sent", all.sent_bytes - told_.sent_bytes},
                      {"bytes_received", all.received_bytes - told_.received_bytes}});
        return {};
    }

    RunSpec spec_;
    const contract::SiteSpec& site_;
    std::size_t rank_;
    trainer::Trainer trainer_;
    trainer::Text text_;
    const Clock& clock_;
    EventTeller& teller_;
    Rounds rounds_;
    std::vector<float> local_;
    Nanoseconds begin_;
    Progress progress_{clock_, teller_};
    trainer::Batch batch_;
    std::unique_ptr<sync::Session> session_;
    sync::OuterState initial_;
    sync::Position position_;
    std::uint64_t round_ = 0;  // for which this site trains
    Phase phase_;
    std::optional<Phase> given_;  // a contribution whose outcome has not been taken yet
    sync::Traffic told_;
    os::Path saved_;
    SiteLeave leave_;
    LifeBegin life_;
    LifeEnd end_;
    std::uint64_t open_steps_ = 0;  // handed in, and what came of them is not known here
};

}  // namespace

Status train_site(RunSpec spec, std::size_t rank, const SiteOptions& options, const Clock& clock,
                  const Logger& log, EventTeller& teller) {
    LifeBegin life{.process_ms = utc_ms(clock)};
    EM_TRY(apply_addresses(spec, options.addresses));
    EM_ASSIGN(trainer::Text text, open_text(spec, spec.sites[rank].text));
    EM_TRY(open_text(spec, spec.sites[rank].heldout));  // found missing now rather than at the end
    EM_ASSIGN(trainer::Trainer trainer, make_trainer(spec, options.process));
    EM_ASSIGN(sync::SessionConfig config, session_of(spec, rank, trainer, options.process.threads, clock));
    const std::optional<contract::PlacedSpec> announced = spec.placed;
    config.leave_limit = std::min(config.leave_limit, SiteLeave(spec, clock).help_limit());
    life.made_ms = utc_ms(clock);
    SiteRun run(std::move(spec), rank, std::move(trainer), std::move(text), clock, teller, life);
    EM_TRY(run.prepare(options.resume));
    if (run.has_been_finished()) return {};
    EM_ASSIGN(std::unique_ptr<sync::Session> session, sync::Session::open(std::move(config), clock, log));
    if (announced)
        teller.tell({{"event", "listens"}, {"address", announced_address(*announced, session->port())}});
    return run.run(std::move(session), options.process);
}

}  // namespace euromesh::apps
