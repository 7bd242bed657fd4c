#include "apps/solo_run.hpp"

#include "apps/run_checkpoint.hpp"
#include "base/os/process.hpp"

namespace euromesh::apps {
namespace {

using contract::RunSpec;

struct Source {
    std::size_t rank;
    trainer::Text text;
    trainer::Sampler sampler;
};

Result<Source> open_source(const RunSpec& spec, std::size_t rank) {
    EM_ASSIGN(trainer::Text text, open_text(spec, spec.sites[rank].text));
    return Source{rank, std::move(text), sampler_of(spec, rank, 0)};
}

// Rows of all sources one after another.
void draw(const RunSpec& spec, std::vector<Source>& sources, trainer::Batch& piece, trainer::Batch& batch) {
    batch.bytes.clear();
    batch.rows = 0;
    batch.length = window_length(spec);
    for (Source& source : sources) {
        source.sampler.next(source.text, static_cast<std::size_t>(spec.inner.batch), batch.length, piece);
        batch.bytes.insert(batch.bytes.end(), piece.bytes.begin(), piece.bytes.end());
        batch.rows += piece.rows;
    }
}

Status tell_losses(const RunSpec& spec, std::uint64_t step, bool final, trainer::Trainer& trainer,
                   EventTeller& teller) {
    const std::int64_t tokens = static_cast<std::int64_t>(step) * spec.inner.batch * spec.model.context;
    Json losses = Json::object();
    for (const contract::SiteSpec& site : spec.sites) {
        const std::int64_t windows = final ? spec.evaluate.windows : (spec.evaluate.windows + 3) / 4;
        EM_ASSIGN(losses[site.language], held_out_loss(spec, site, windows, trainer));
    }
    teller.tell({{"event", "evaluation"}, {"tokens", tokens}, {"loss", losses}, {"final", final}});
    return {};
}

Status train_round(const RunSpec& spec, std::uint64_t steps, std::vector<Source>& sources,
                   trainer::Trainer& trainer, Progress& progress) {
    trainer::Batch piece, batch;
    for (std::uint64_t step = 0; step < steps; ++step) {
        if (os::stop_requested()) return fail(Code::cancelled, "stopped at step {}", trainer.steps_done());
        draw(spec, sources, piece, batch);
        EM_ASSIGN(const trainer::StepResult result, trainer.step(batch));
        progress.stepped(trainer.steps_done(), batch.tokens(), result.loss);
    }
    return {};
}

Status train(const RunSpec& spec, std::vector<Source> sources, const std::string& name,
             const ProcessOptions& options, const Clock& clock, EventTeller& teller) {
    EM_ASSIGN(trainer::Trainer trainer, make_trainer(spec, options));
    const Nanoseconds begin = clock.monotonic();
    Progress progress(clock, teller);
    const Rounds rounds(spec);
    const auto every = static_cast<std::uint64_t>(spec.evaluate.every_rounds);
    for (std::uint64_t round = 0; round < rounds.count(); ++round) {
        for (Source& source : sources) source.sampler = sampler_of(spec, source.rank, round);
        EM_TRY(train_round(spec, rounds.steps(round), sources, trainer, progress));
        const bool last = round + 1 == rounds.count();
        const bool due = every > 0 && (round + 1) % every == 0;
        if (last || due) EM_TRY(tell_losses(spec, trainer.steps_done(), last, trainer, teller));
    }
    EM_ASSIGN(const os::Path saved, save_solo(spec, name, trainer));
    teller.tell({{"event", "done"},
                 {"seconds", to_seconds(clock.monotonic() - begin)},
                 {"checkpoint", saved.string()},
                 {"bytes_sent", 0},
                 {"bytes_received", 0}});
    return {};
}

}  // namespace

Status train_alone(const RunSpec& spec, std::size_t rank, const ProcessOptions& options, const Clock& clock,
                   EventTeller& teller) {
    std::vector<Source> sources;
    EM_ASSIGN(Source source, open_source(spec, rank));
    sources.push_back(std::move(source));
    return train(spec, std::move(sources), "alone-" + spec.sites[rank].id.text(), options, clock, teller);
}

Status train_data_parallel(const RunSpec& spec, const ProcessOptions& options, const Clock& clock,
                           EventTeller& teller) {
    std::vector<Source> sources;
    for (std::size_t rank = 0; rank < spec.sites.size(); ++rank) {
        EM_ASSIGN(Source source, open_source(spec, rank));
        sources.push_back(std::move(source));
    }
    return train(spec, std::move(sources), "data-parallel", options, clock, teller);
}

Result<double> measure_rate(const RunSpec& spec, const ProcessOptions& options, const Clock& clock,
                            double seconds) {
    EM_ASSIGN(trainer::Trainer trainer, make_trainer(spec, options));
    EM_ASSIGN(Source source, open_source(spec, 0));
    std::vector<Source> sources;
    sources.push_back(std::move(source));
    trainer::Batch piece, batch;
    draw(spec, sources, piece, batch);
    EM_TRY(trainer.step(batch));  // the first step also allocates
    const Nanoseconds begin = clock.monotonic();
    double tokens = 0;
    while (to_seconds(clock.monotonic() - begin) < seconds) {
        draw(spec, sources, piece, batch);
        EM_TRY(trainer.step(batch));
        tokens += static_cast<double>(batch.tokens());
    }
    return tokens / to_seconds(clock.monotonic() - begin);
}

}  // namespace euromesh::apps
