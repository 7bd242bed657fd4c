#include "apps/site_run.hpp"

#include "apps/run_checkpoint.hpp"
#include "apps/run_folder.hpp"
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

Result<std::vector<sync::SiteAddress>> addresses_of(const RunSpec& spec) {
    std::vector<sync::SiteAddress> sites;
    for (const contract::SiteSpec& site : spec.sites) {
        if (site.address.empty() && spec.sites.size() > 1) {
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
                                       const Clock& clock) {
    sync::SessionConfig config;
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
    config.manifest_path = manifest_file(spec, spec.sites[rank].id.text());
    return config;
}

class SiteRun {
  public:
    SiteRun(RunSpec spec, std::size_t rank, trainer::Trainer trainer, trainer::Text text, const Clock& clock,
            EventTeller& teller)
        : spec_(std::move(spec)),
          site_(spec_.sites[rank]),
          rank_(rank),
          trainer_(std::move(trainer)),
          text_(std::move(text)),
          clock_(clock),
          teller_(teller),
          rounds_(spec_),
          local_(trainer_.parameter_count()),
          begin_(clock.monotonic()) {}

    Status run(std::unique_ptr<sync::Session> session, const ProcessOptions& options) {
        session_ = std::move(session);
        EM_TRY(start(options));
        while (round_ < rounds_.count() && !os::stop_requested()) EM_TRY(one_round());
        EM_TRY(end());
        return os::stop_requested()
                   ? Status(fail(Code::cancelled, "stopped at round {} with a checkpoint", round_))
                   : Status{};
    }

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
        return set_manifests_aside(manifest_file(spec_, site_.id.text()), position_.round);
    }

    const trainer::Trainer& trainer() const { return trainer_; }

  private:
    Status start(const ProcessOptions& options) {
        // Nobody may come: the user can stop the wait. Later waits are short, for peers finish their round or
        // leave.
        std::optional<os::StopWatcher> watcher(std::in_place, [this] { session_->cancel(); });
        EM_ASSIGN(const sync::StartOutcome begun, session_->start(std::move(initial_), position_));
        watcher.reset();
        round_ = begun.round;
        tell_events(begun.events);
        go_to_round();
        teller_.tell({{"event", "start"},
                      {"site", site_.id.text()},
                      {"process_id", os::own_process_id()},
                      {"joined", begun.joined},
                      {"round", round_},
                      {"step", round_ < rounds_.count() ? rounds_.first_step(round_) : trainer_.steps_done()},
                      {"parameters", trainer_.parameter_count()},
                      {"text_bytes", text_.size()},
                      {"device", trainer_.device_name()},
                      {"threads", options.threads}});
        return {};
    }

    // The inner optimiser keeps its moments; its step, and with it the learning rate, is that of the run.
    void go_to_round() {
        trainer_.write_parameters(session_->outer().params);
        if (round_ >= rounds_.count()) return;
        trainer::OptimiserState state = trainer_.optimiser_state();
        if (state.step == rounds_.first_step(round_)) return;
        state.step = rounds_.first_step(round_);
        const Status restored = trainer_.restore_optimiser(state);
        EM_ASSERT(restored.has_value(), "a trainer takes its own state back");
    }

    Status one_round() {
        const Nanoseconds begin = clock_.monotonic();
        EM_ASSIGN(const double loss, inner_steps());
        const double compute_s = to_seconds(clock_.monotonic() - begin);
        trainer_.read_parameters(local_);
        const std::uint64_t steps = rounds_.steps(round_);
        EM_ASSIGN(const sync::RoundOutcome outcome, session_->exchange(local_, {tokens_of(steps), steps}));
        tell_events(outcome.events);
        tell_round(outcome, loss, compute_s, steps);
        round_ = outcome.next_round;
        go_to_round();
        return after_round();
    }

    Result<double> inner_steps() {
        trainer::Sampler sampler = sampler_of(spec_, rank_, round_);
        double sum = 0;
        const std::uint64_t steps = rounds_.steps(round_);
        for (std::uint64_t i = 0; i < steps; ++i) {
            sampler.next(text_, static_cast<std::size_t>(spec_.inner.batch), window_length(spec_), batch_);
            EM_ASSIGN(const trainer::StepResult result, trainer_.step(batch_));
            progress_.stepped(trainer_.steps_done(), batch_.tokens(), result.loss);
            sum += result.loss;
        }
        return sum / static_cast<double>(steps);
    }

    std::uint64_t tokens_of(std::uint64_t steps) const {
        return steps * static_cast<std::uint64_t>(spec_.inner.batch * spec_.model.context);
    }

    void tell_round(const sync::RoundOutcome& outcome, double loss, double compute_s, std::uint64_t steps) {
        Json members = Json::array();
        for (const sync::Contributor& contributor : outcome.manifest.contributors)
            members.push_back(contributor.site.text());
        told_ = session_->traffic();
        teller_.tell({{"event", "round"},
                      {"site", site_.id.text()},
                      {"round", outcome.round},
                      {"inner_steps", steps},
                      {"tokens", tokens_of(steps)},
                      {"contributed", outcome.contributed},
                      {"members", members},
                      {"loss", loss},
                      {"compute_s", compute_s},
                      {"wait_s", outcome.wait_seconds},
                      {"reduce_s", outcome.reduce_seconds},
                      {"bytes_sent", outcome.sent_bytes},
                      {"bytes_received", outcome.received_bytes},
                      {"payload_bytes", outcome.payload_bytes},
                      {"gain", outcome.outer.effective_gain},
                      {"cosine", outcome.cosine_to_mean},
                      {"norm", outcome.local_norm},
                      {"digest", outcome.state_digest}});
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
        } else if (every > 0 && round_ % every == 0) {
            EM_TRY(evaluate((spec_.evaluate.windows + 3) / 4, false));
        }
        const auto pause = static_cast<std::uint64_t>(spec_.checkpoint_rounds);
        if (!last && round_ % pause == 0) EM_TRY(save());
        return {};
    }

    // The trainer holds the outer parameters here: these are evaluated, never a replica's.
    Status evaluate(std::int64_t windows, bool final) {
        EM_ASSIGN(const double loss, held_out_loss(spec_, site_, windows, trainer_));
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

    Status end() {
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
    std::uint64_t round_ = 0;
    sync::Traffic told_;
    os::Path saved_;
};

}  // namespace

Status train_site(RunSpec spec, std::size_t rank, const SiteOptions& options, const Clock& clock,
                  const Logger& log, EventTeller& teller) {
    EM_TRY(apply_addresses(spec, options.addresses));
    EM_ASSIGN(trainer::Text text, open_text(spec, spec.sites[rank].text));
    EM_TRY(open_text(spec, spec.sites[rank].heldout));  // found missing now rather than at the end
    EM_ASSIGN(trainer::Trainer trainer, make_trainer(spec, options.process));
    EM_ASSIGN(sync::SessionConfig config, session_of(spec, rank, trainer, clock));
    SiteRun run(std::move(spec), rank, std::move(trainer), std::move(text), clock, teller);
    EM_TRY(run.prepare(options.resume));
    EM_ASSIGN(std::unique_ptr<sync::Session> session, sync::Session::open(std::move(config), clock, log));
    return run.run(std::move(session), options.process);
}

}  // namespace euromesh::apps
