// How far federated training stays behind data parallelism, without a network: all sites in one process, one
// after another, through the same trainer, codec and outer step as a real run. Same run file, same windows,
// same losses.
//
//   bench_convergence RUN.toml federated|parallel|single [--steps N] [--seed N] ...
//
// single: data parallel with an outer step every H, that is DiLoCo with one replica. --sites N: so many,
// their texts in turn. --codec topk: the sparse one with error feedback; topk-plain: without. --drop P: so
// likely a contribution misses its round; --late: what then becomes of it and its site.
//   drop   it is lost; the site goes on from the new outer parameters
//   carry  it goes into the next round, at most two rounds late, the next one of its site waits behind it
//   keep   the site goes on from its own parameters and contributes all at once (arXiv 2311.08105)
//   rebase the site takes the new outer parameters and keeps its own work on top of them, until it is sent
// --absent zero: the mean is over all sites, who is missing counts as zero; without: over those that gave.
// --members-from A --members-to B: so many of the sites take part, changing evenly over the run.
//
// Prints one JSON line. docs/models/convergence.md has the table that came out of it.
#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdio>
#include <memory>

#include "apps/replica.hpp"
#include "base/os/system_clock.hpp"
#include "base/random.hpp"
#include "sync/codec.hpp"
#include "sync/codec_feedback.hpp"
#include "sync/codec_topk.hpp"
#include "sync/outer.hpp"
#include "sync/outer_overlap.hpp"

namespace {

using namespace euromesh;
using contract::RunSpec;

struct Site {
    trainer::Trainer trainer;
    trainer::Text text;
};

Result<std::vector<Site>> make_sites(const RunSpec& spec) {
    std::vector<Site> sites;
    for (const contract::SiteSpec& site : spec.sites) {
        EM_ASSIGN(trainer::Trainer trainer, apps::make_trainer(spec, {}));
        EM_ASSIGN(trainer::Text text, apps::open_text(spec, site.text));
        sites.push_back({std::move(trainer), std::move(text)});
    }
    return sites;
}

Result<double> mean_loss(const RunSpec& spec, trainer::Trainer& trainer) {
    double sum = 0;
    for (const contract::SiteSpec& site : spec.sites) {
        EM_ASSIGN(const double loss, apps::held_out_loss(spec, site, spec.evaluate.windows, trainer));
        sum += loss;
    }
    return sum / static_cast<double>(spec.sites.size());
}

// What is not in a run file.
struct Faults {
    double drop = 0;
    std::string late = "carry";
    std::string absent = "left-out";
    std::size_t members_from = 0, members_to = 0;  // 0: all
};

Result<sync::OuterConfig> outer_of(const RunSpec& spec) {
    sync::OuterConfig config;
    EM_ASSIGN(config.kind, sync::parse_outer_kind(spec.outer.kind));
    config.delay = static_cast<std::uint64_t>(spec.outer.delay);
    config.lr = spec.outer.learning_rate;
    config.momentum = config.kind == sync::OuterKind::mean ? 0.0 : spec.outer.momentum;
    EM_TRY(sync::check(config));
    return config;
}

// One replica with its part of the outer loop.
struct Replica {
    Site site;
    std::vector<float> base;  // outer parameters as they were merged last
    std::vector<float> local, gradient;
    std::unique_ptr<sync::ErrorFeedback> feedback;
    std::vector<std::vector<std::byte>> queue;  // contributions that wait, the oldest first
    std::vector<std::uint64_t> ages;
    bool merges = true;  // the outer parameters, in the round that begins
};

class Federation {
  public:
    Federation(const RunSpec& spec, const Faults& faults)
        : spec_(spec), faults_(faults), rounds_(spec), random_(derive_seed(spec.seed, 999)) {}

    Result<double> run() {
        EM_TRY(begin());
        for (std::uint64_t round = 0; round < rounds_.count(); ++round) EM_TRY(one_round(round));
        replicas_[0].site.trainer.write_parameters(outer_.params);
        return mean_loss(spec_, replicas_[0].site.trainer);
    }

  private:
    Status begin() {
        const bool sparse = spec_.outer.codec.starts_with("topk");
        if (sparse) codec_ = &sync::topk_codec();
        if (!sparse) {
            EM_ASSIGN(codec_, sync::find_codec(spec_.outer.codec));
        }
        recodes_ = !sparse;
        EM_ASSIGN(std::vector<Site> sites, make_sites(spec_));
        count_ = sites[0].trainer.parameter_count();
        std::vector<float> local(count_);
        sites[0].trainer.read_parameters(local);
        outer_ = sync::OuterState::from(local);
        EM_ASSIGN(config_, outer_of(spec_));
        EM_TRY(sync::prepare_state(config_, 0, outer_));
        for (Site& site : sites) {
            Replica& replica =
                replicas_.emplace_back(Replica{std::move(site), local, local, local, {}, {}, {}});
            if (spec_.outer.codec == "topk")
                replica.feedback = std::make_unique<sync::ErrorFeedback>(*codec_, count_);
        }
        return {};
    }

    std::size_t active(std::uint64_t round) const {
        if (faults_.members_from == 0) return replicas_.size();
        const double part = static_cast<double>(round) / static_cast<double>(rounds_.count());
        const double from = static_cast<double>(faults_.members_from);
        const double to = static_cast<double>(faults_.members_to);
        const double span = to > from ? to - from + 1 : to - from - 1;
        return static_cast<std::size_t>(to > from ? from + std::floor(span * part)
                                                  : from + std::ceil(span * part));
    }

    Status one_round(std::uint64_t round) {
        mean_.assign(count_, 0.0f);
        std::vector<std::vector<std::byte>> given;
        for (std::size_t rank = 0; rank < active(round); ++rank) {
            Replica& replica = replicas_[rank];
            EM_TRY(train(rank, round));
            EM_TRY(contribute(replica, given));
        }
        if (given.empty()) return {};
        const std::size_t counted = faults_.absent == "zero" ? active(round) : given.size();
        for (const auto& bytes : given) codec_->accumulate(bytes, 1.0f / static_cast<float>(counted), mean_);
        if (recodes_) {
            std::vector<std::byte> bytes(codec_->encoded_bytes(count_));
            codec_->encode(mean_, bytes);
            codec_->decode(bytes, mean_);
        }
        sync::outer_step(apps::schedule_of(spec_).outer_of(config_, round), round, mean_, outer_);
        return {};
    }

    // The first tau steps are done on the parameters of the round before.
    Status train(std::size_t rank, std::uint64_t round) {
        Replica& replica = replicas_[rank];
        const std::uint64_t steps = rounds_.steps(round);
        const std::uint64_t ahead =
            round == 0 ? 0 : std::min(steps, static_cast<std::uint64_t>(spec_.outer.overlap));
        trainer::Sampler sampler = apps::sampler_of(spec_, rank, round);
        EM_TRY(steps_of(replica, sampler, ahead));
        if (replica.merges) {
            merge(replica, ahead > 0);
            replica.site.trainer.write_parameters(replica.local);
            replica.base = outer_.params;
        }
        return steps_of(replica, sampler, steps - ahead);
    }

    void merge(Replica& replica, bool overlaps) {
        std::vector<float> now(count_);
        replica.site.trainer.read_parameters(now);
        if (spec_.outer.merge == "rebase")
            sync::overlap_rebase(replica.local, outer_.params, now);
        else
            sync::overlap_mix(overlaps ? spec_.outer.mix : 0.0, outer_.params, now);
        replica.local.swap(now);
    }

    Status steps_of(Replica& replica, trainer::Sampler& sampler, std::uint64_t steps) {
        trainer::Batch batch;
        for (std::uint64_t step = 0; step < steps; ++step) {
            sampler.next(replica.site.text, static_cast<std::size_t>(spec_.inner.batch),
                         apps::window_length(spec_), batch);
            EM_TRY(replica.site.trainer.step(batch));
        }
        return {};
    }

    Status contribute(Replica& replica, std::vector<std::vector<std::byte>>& given) {
        const bool missed = faults_.drop > 0 && random_.uniform() < faults_.drop;
        if (missed && faults_.late == "keep") {
            replica.merges = false;
            return {};
        }
        replica.merges = true;
        if (missed && faults_.late == "rebase") {
            replica.local = replica.base;
            return {};
        }
        replica.site.trainer.read_parameters(replica.local);
        sync::pseudo_gradient(replica.base, replica.local, replica.gradient);
        std::vector<std::byte> bytes(codec_->encoded_bytes(count_));
        if (replica.feedback) {
            EM_TRY(replica.feedback->encode(replica.gradient, bytes));
        } else {
            codec_->encode(replica.gradient, bytes);
        }
        if (faults_.late == "drop") {
            if (missed && replica.feedback) replica.feedback->take_back(bytes);
            if (!missed) given.push_back(std::move(bytes));
            return {};
        }
        carry(replica, std::move(bytes), missed, given);
        return {};
    }

    static void carry(Replica& replica, std::vector<std::byte> bytes, bool missed,
                      std::vector<std::vector<std::byte>>& given) {
        for (std::uint64_t& age : replica.ages) age += 1;
        replica.queue.push_back(std::move(bytes));
        replica.ages.push_back(0);
        while (replica.ages.front() > 2) pop(replica);
        if (missed) return;
        given.push_back(std::move(replica.queue.front()));
        pop(replica);
    }

    static void pop(Replica& replica) {
        replica.queue.erase(replica.queue.begin());
        replica.ages.erase(replica.ages.begin());
    }

    const RunSpec& spec_;
    const Faults& faults_;
    apps::Rounds rounds_;
    Random random_;
    const sync::Codec* codec_ = nullptr;
    bool recodes_ = true;  // the mean goes through the codec, too (reduce-scatter)
    std::size_t count_ = 0;
    sync::OuterState outer_;
    sync::OuterConfig config_;
    std::vector<Replica> replicas_;
    std::vector<float> mean_;
};

// With `outer` an outer step after every round: one replica that sees the batch of all.
Result<double> data_parallel(const RunSpec& spec, bool outer) {
    EM_ASSIGN(std::vector<Site> sites, make_sites(spec));
    trainer::Trainer& trainer = sites[0].trainer;
    std::vector<float> local(trainer.parameter_count()), gradient(local.size());
    trainer.read_parameters(local);
    sync::OuterState state = sync::OuterState::from(local);
    EM_ASSIGN(const sync::OuterConfig config, outer_of(spec));
    EM_TRY(sync::prepare_state(config, 0, state));
    const apps::Rounds rounds(spec);
    for (std::uint64_t round = 0; round < rounds.count(); ++round) {
        std::vector<trainer::Sampler> samplers;
        for (std::size_t rank = 0; rank < sites.size(); ++rank)
            samplers.push_back(apps::sampler_of(spec, rank, round));
        for (std::uint64_t step = 0; step < rounds.steps(round); ++step) {
            trainer::Batch piece, batch;
            batch.length = apps::window_length(spec);
            for (std::size_t rank = 0; rank < sites.size(); ++rank) {
                samplers[rank].next(sites[rank].text, static_cast<std::size_t>(spec.inner.batch),
                                    batch.length, piece);
                batch.bytes.insert(batch.bytes.end(), piece.bytes.begin(), piece.bytes.end());
                batch.rows += piece.rows;
            }
            EM_TRY(trainer.step(batch));
        }
        if (!outer) continue;
        trainer.read_parameters(local);
        sync::pseudo_gradient(state.params, local, gradient);
        sync::outer_step(apps::schedule_of(spec).outer_of(config, round), round, gradient, state);
        trainer.write_parameters(state.params);
    }
    return mean_loss(spec, trainer);
}

// Prints its line.
Status measure(const RunSpec& spec, const Faults& faults, const std::string& mode,
               const std::vector<std::string>& arguments) {
    const os::SystemClock clock;
    const Nanoseconds begin = clock.monotonic();
    const bool federated = mode == "federated";
    EM_ASSIGN(const double loss,
              federated ? Federation(spec, faults).run() : data_parallel(spec, mode == "single"));
    Json line = {{"loss", loss}, {"seconds", to_seconds(clock.monotonic() - begin)}};
    line["arguments"] = arguments;
    std::printf("%s\n", line.dump().c_str());
    return {};
}

Status run(int argc, char** argv) {
    CLI::App app{"convergence of one setting, in one process"};
    std::string file, mode;
    app.add_option("run", file)->required();
    app.add_option("mode", mode)->required();
    std::function<void(RunSpec&)> change = [](RunSpec&) {};
    const auto integer = [&](const char* name, auto set) {
        app.add_option_function<std::int64_t>(name, [&change, set](std::int64_t v) {
            change = [before = change, set, v](RunSpec& s) { before(s), set(s, v); };
        });
    };
    const auto number = [&](const char* name, auto set) {
        app.add_option_function<double>(name, [&change, set](double v) {
            change = [before = change, set, v](RunSpec& s) { before(s), set(s, v); };
        });
    };
    const auto text = [&](const char* name, auto set) {
        app.add_option_function<std::string>(name, [&change, set](const std::string& v) {
            change = [before = change, set, v](RunSpec& s) { before(s), set(s, v); };
        });
    };
    integer("--steps", [](RunSpec& s, std::int64_t v) { s.steps = v; });
    integer("--seed", [](RunSpec& s, std::int64_t v) { s.seed = static_cast<std::uint64_t>(v); });
    integer("--batch", [](RunSpec& s, std::int64_t v) { s.inner.batch = v; });
    integer("--warmup", [](RunSpec& s, std::int64_t v) { s.inner.warmup = v; });
    integer("--inner-steps",
            [](RunSpec& s, std::int64_t v) { s.outer.inner_steps = v, s.outer.first_inner_steps = v; });
    integer("--first-inner-steps", [](RunSpec& s, std::int64_t v) { s.outer.first_inner_steps = v; });
    integer("--growth-rounds", [](RunSpec& s, std::int64_t v) { s.outer.growth_rounds = v; });
    number("--lr", [](RunSpec& s, double v) { s.inner.learning_rate = v; });
    number("--beta2", [](RunSpec& s, double v) { s.inner.beta2 = v; });
    number("--final", [](RunSpec& s, double v) { s.inner.final_fraction = v; });
    number("--muon-lr", [](RunSpec& s, double v) { s.inner.matrix_learning_rate = v; });
    number("--outer-lr", [](RunSpec& s, double v) { s.outer.learning_rate = v; });
    number("--outer-final", [](RunSpec& s, double v) { s.outer.final_fraction = v; });
    number("--momentum", [](RunSpec& s, double v) { s.outer.momentum = v; });
    integer("--delay", [](RunSpec& s, std::int64_t v) { s.outer.delay = v; });
    text("--codec", [](RunSpec& s, const std::string& v) { s.outer.codec = v; });
    text("--outer", [](RunSpec& s, const std::string& v) { s.outer.kind = v; });
    text("--inner", [](RunSpec& s, const std::string& v) { s.inner.optimiser = v; });
    text("--schedule", [](RunSpec& s, const std::string& v) { s.inner.schedule = v; });
    integer("--tau", [](RunSpec& s, std::int64_t v) { s.outer.overlap = v; });
    text("--merge", [](RunSpec& s, const std::string& v) { s.outer.merge = v; });
    number("--mix", [](RunSpec& s, double v) { s.outer.mix = v; });
    integer("--sites", [](RunSpec& s, std::int64_t v) {
        const std::size_t texts = s.sites.size();
        for (std::size_t i = texts; i < static_cast<std::size_t>(v); ++i)
            s.sites.push_back(s.sites[i % texts]);
        s.sites.resize(static_cast<std::size_t>(v));
    });
    Faults faults;
    app.add_option("--drop", faults.drop);
    app.add_option("--late", faults.late)->check(CLI::IsMember({"drop", "carry", "keep", "rebase"}));
    app.add_option("--absent", faults.absent)->check(CLI::IsMember({"left-out", "zero"}));
    app.add_option("--members-from", faults.members_from);
    app.add_option("--members-to", faults.members_to);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return fail(Code::bad_input, "{}", error.what());
    }
    EM_ASSIGN(RunSpec spec, contract::load_run_spec(file));
    change(spec);
    return measure(spec, faults, mode, {argv + 2, argv + argc});
}

}  // namespace

int main(int argc, char** argv) {
    const euromesh::Status status = run(argc, argv);
    if (status) return 0;
    std::fprintf(stderr, "bench_convergence: %s\n", status.error().message.c_str());
    return euromesh::exit_status(status.error().code);
}
