// How far federated training stays behind data parallelism, without a network: all sites in one process, one
// after another, through the same trainer, codec and outer step as a real run. Same run file, same windows,
// same losses.
//
//   bench_convergence RUN.toml federated|parallel [--steps N] [--seed N] ...
//
// Prints one JSON line. docs/models/convergence.md has the table that came out of it.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "apps/replica.hpp"
#include "base/os/system_clock.hpp"
#include "sync/codec.hpp"
#include "sync/outer.hpp"

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

Status train_round(const RunSpec& spec, std::size_t rank, std::uint64_t round, std::uint64_t steps,
                   Site& site) {
    trainer::Sampler sampler = apps::sampler_of(spec, rank, round);
    trainer::Batch batch;
    for (std::uint64_t step = 0; step < steps; ++step) {
        sampler.next(site.text, static_cast<std::size_t>(spec.inner.batch), apps::window_length(spec), batch);
        EM_TRY(site.trainer.step(batch));
    }
    return {};
}

Result<double> mean_loss(const RunSpec& spec, trainer::Trainer& trainer) {
    double sum = 0;
    for (const contract::SiteSpec& site : spec.sites) {
        EM_ASSIGN(const double loss, apps::held_out_loss(spec, site, spec.evaluate.windows, trainer));
        sum += loss;
    }
    return sum / static_cast<double>(spec.sites.size());
}

Result<double> federated(const RunSpec& spec) {
    EM_ASSIGN(const sync::Codec* codec, sync::find_codec(spec.outer.codec));
    EM_ASSIGN(std::vector<Site> sites, make_sites(spec));
    const std::size_t count = sites[0].trainer.parameter_count();
    std::vector<float> local(count), gradient(count), mean(count);
    sites[0].trainer.read_parameters(local);
    sync::OuterState outer = sync::OuterState::from(local);
    sync::OuterConfig config;
    EM_ASSIGN(config.kind, sync::parse_outer_kind(spec.outer.kind));
    config.delay = static_cast<std::uint64_t>(spec.outer.delay);
    config.lr = spec.outer.learning_rate;
    config.momentum = spec.outer.momentum;
    EM_TRY(sync::check(config));
    EM_TRY(sync::prepare_state(config, 0, outer));
    std::vector<std::byte> bytes(codec->encoded_bytes(count));
    const apps::Rounds rounds(spec);
    const float weight = 1.0f / static_cast<float>(sites.size());
    for (std::uint64_t round = 0; round < rounds.count(); ++round) {
        std::fill(mean.begin(), mean.end(), 0.0f);
        for (std::size_t rank = 0; rank < sites.size(); ++rank) {
            sites[rank].trainer.write_parameters(outer.params);
            EM_TRY(train_round(spec, rank, round, rounds.steps(round), sites[rank]));
            sites[rank].trainer.read_parameters(local);
            sync::pseudo_gradient(outer.params, local, gradient);
            codec->encode(gradient, bytes);
            codec->accumulate(bytes, weight, mean);
        }
        codec->encode(mean, bytes);
        codec->decode(bytes, mean);
        sync::outer_step(apps::schedule_of(spec).outer_of(config, round), round, mean, outer);
    }
    sites[0].trainer.write_parameters(outer.params);
    return mean_loss(spec, sites[0].trainer);
}

Result<double> data_parallel(const RunSpec& spec) {
    EM_ASSIGN(std::vector<Site> sites, make_sites(spec));
    trainer::Trainer& trainer = sites[0].trainer;
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
    }
    return mean_loss(spec, trainer);
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
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return fail(Code::bad_input, "{}", error.what());
    }
    EM_ASSIGN(RunSpec spec, contract::load_run_spec(file));
    change(spec);
    const os::SystemClock clock;
    const Nanoseconds begin = clock.monotonic();
    EM_ASSIGN(const double loss, mode == "parallel" ? data_parallel(spec) : federated(spec));
    Json line = {{"loss", loss}, {"seconds", to_seconds(clock.monotonic() - begin)}};
    for (int i = 2; i < argc; ++i) line["arguments"].push_back(argv[i]);
    std::printf("%s\n", line.dump().c_str());
    return {};
}

}  // namespace

int main(int argc, char** argv) {
    const euromesh::Status status = run(argc, argv);
    if (status) return 0;
    std::fprintf(stderr, "bench_convergence: %s\n", status.error().message.c_str());
    return euromesh::exit_status(status.error().code);
}
