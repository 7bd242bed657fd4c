#include "contract/run_spec.hpp"

#include <algorithm>
#include <set>

#include "base/os/file.hpp"
#include "contract/toml_reader.hpp"

namespace euromesh::contract {
namespace {

using std::filesystem::path;

ModelSpec read_model(TomlReader reader) {
    ModelSpec model;
    model.dim = reader.integer("dim", model.dim, {8, 16384});
    model.layers = reader.integer("layers", model.layers, {1, 256});
    model.heads = reader.integer("heads", model.heads, {1, 256});
    model.hidden = reader.integer("hidden", model.hidden, {8, 65536});
    model.context = reader.integer("context", model.context, {2, 131072});
    model.tied = reader.boolean("tied", model.tied);
    model.rope_theta = reader.number("rope_theta", model.rope_theta, {1, 1e9});
    if (model.dim % (2 * model.heads) != 0) {
        reader.reject("heads",
                      fmt::format("dim {} must be divisible by 2 x heads = {}", model.dim, 2 * model.heads));
    }
    return model;
}

InnerSpec read_inner(TomlReader reader) {
    InnerSpec inner;
    inner.optimiser = reader.choice("optimiser", inner.optimiser, {"adamw", "muon"});
    inner.schedule = reader.choice("schedule", inner.schedule, {"cosine", "wsd"});
    inner.batch = reader.integer("batch", inner.batch, {1, 65536});
    inner.learning_rate = reader.number("learning_rate", inner.learning_rate, {0, 10});
    inner.matrix_learning_rate = reader.number("matrix_learning_rate", inner.matrix_learning_rate, {0, 10});
    inner.warmup = reader.integer("warmup", inner.warmup, {0, 1000000});
    inner.decay_fraction = reader.number("decay_fraction", inner.decay_fraction, {0, 1});
    inner.final_fraction = reader.number("final_fraction", inner.final_fraction, {0, 1});
    inner.beta1 = reader.number("beta1", inner.beta1, {0, 0.9999});
    inner.beta2 = reader.number("beta2", inner.beta2, {0, 0.99999});
    inner.weight_decay = reader.number("weight_decay", inner.weight_decay, {0, 10});
    inner.clip = reader.number("clip", inner.clip, {0, 1e6});
    return inner;
}

std::int64_t read_delay(TomlReader& reader, const std::string& kind) {
    constexpr std::int64_t absent = 0;
    const std::int64_t delay = reader.integer("delay", absent, {1, 1000});
    if (kind == "delayed-nesterov" && delay == absent)
        reader.reject("delay", "is missing; kind delayed-nesterov needs a whole number of rounds, 1 to 1000");
    if (kind != "delayed-nesterov" && delay != absent)
        reader.reject("delay", fmt::format("is for kind delayed-nesterov, not for {}", kind));
    return std::max<std::int64_t>(delay, 1);
}

// A result is merged before the next pseudo-gradient is taken.
void check_streaming(TomlReader& reader, const OuterSpec& outer) {
    const std::int64_t least = std::min(outer.inner_steps, outer.first_inner_steps);
    if (outer.inner_steps % outer.fragments != 0 || outer.first_inner_steps % outer.fragments != 0) {
        reader.reject("fragments", fmt::format("inner_steps {} must be divisible by fragments = {}",
                                               outer.inner_steps, outer.fragments));
    } else if (outer.overlap >= least / outer.fragments) {
        reader.reject("overlap", fmt::format("must be below the {} inner steps between two exchanges",
                                             least / outer.fragments));
    }
}

OuterSpec read_outer(TomlReader reader) {
    OuterSpec outer;
    outer.kind = reader.choice("kind", outer.kind, {"nesterov", "delayed-nesterov", "mean"});
    outer.codec =
        reader.choice("codec", outer.codec, {"fp32", "bf16", "fp16", "int8", "int4", "e3m0", "topk"});
    outer.weights =
        reader.choice("weights", outer.weights, {"tokens", "tokens2-per-step", "equal", "each-step"});
    outer.learning_rate = reader.number("learning_rate", outer.learning_rate, {0, 10});
    outer.momentum = reader.number("momentum", outer.momentum, {0, 0.9999});
    outer.delay = read_delay(reader, outer.kind);
    outer.final_fraction = reader.number("final_fraction", outer.final_fraction, {0, 1});
    outer.inner_steps = reader.integer("inner_steps", outer.inner_steps, {1, 100000});
    outer.fragments = reader.integer("fragments", outer.fragments, {1, 256});
    outer.overlap = reader.integer("overlap", outer.overlap, {0, 100000});
    outer.merge = reader.choice("merge", outer.merge, {"rebase", "mix"});
    outer.mix = reader.number("mix", outer.mix, {0, 1});
    outer.first_inner_steps = reader.integer("first_inner_steps", outer.inner_steps, {1, 100000});
    outer.growth_rounds = reader.integer("growth_rounds", outer.growth_rounds, {0, 1000000});
    if (outer.first_inner_steps > outer.inner_steps) {
        reader.reject("first_inner_steps",
                      fmt::format("must not be over inner_steps = {}", outer.inner_steps));
    }
    check_streaming(reader, outer);
    return outer;
}

RoundsSpec read_rounds(TomlReader reader) {
    RoundsSpec rounds;
    rounds.wait = reader.choice("wait", rounds.wait, {"all", "quorum"});
    rounds.quorum = reader.integer("quorum", rounds.quorum, {1, 64});
    rounds.grace_mads = reader.number("grace_mads", rounds.grace_mads, {0, 100});
    rounds.grace_least_ms = reader.integer("grace_least_ms", rounds.grace_least_ms, {0, 3600000});
    rounds.staleness = reader.integer("staleness", rounds.staleness, {0, 1000});
    rounds.norm_gate = reader.number("norm_gate", rounds.norm_gate, {0, 1e6});
    if (rounds.norm_gate > 0 && rounds.norm_gate <= 1)
        reader.reject("norm_gate", "must be above 1, or 0 for none");
    return rounds;
}

EvaluateSpec read_evaluate(TomlReader reader) {
    EvaluateSpec evaluate;
    evaluate.every_rounds = reader.integer("every_rounds", evaluate.every_rounds, {0, 1000000});
    evaluate.windows = reader.integer("windows", evaluate.windows, {1, 100000});
    return evaluate;
}

const std::vector<std::string_view> exchange_kinds{"direct", "hub", "object-store", "spool"};

ExchangeSpec read_exchange(TomlReader& reader) {
    ExchangeSpec exchange;
    exchange.kind = reader.choice("kind", exchange.kind, exchange_kinds);
    exchange.hub = reader.text("hub", "");
    exchange.store = reader.text("store", "");
    exchange.segment_mib = reader.integer("segment_mib", exchange.segment_mib, {1, 64});
    exchange.streams = reader.integer("streams", exchange.streams, {1, 64});
    exchange.handshake_s = reader.integer("handshake_s", 0, {0, 86400});
    exchange.silence_s = reader.integer("silence_s", 0, {0, 86400});
    return exchange;
}

// What a site of this kind, and whoever talks to it, must name.
void check_exchange(TomlReader& root, const RunSpec& spec) {
    const auto any = [&](const std::string& kind) {
        return std::any_of(spec.sites.begin(), spec.sites.end(),
                           [&](const SiteSpec& site) { return site.exchange == kind; });
    };
    if (spec.sites.size() < 2) return;
    if (any("hub") && spec.exchange.hub.empty())
        root.reject("exchange", "hub is missing: host:port where `euromesh hub` listens");
    if (any("object-store") && spec.exchange.store.empty())
        root.reject("exchange", "store is missing: s3+https://HOST/BUCKET or a folder that all sites reach");
    if (!any("spool")) return;
    for (const SiteSpec& site : spec.sites) {
        if (!site.spool.empty()) continue;
        root.reject("site",
                    fmt::format("{} needs spool = DIR: a site of this run exchanges by spool, and so do "
                                "all others with it",
                                site.id.text()));
    }
}

// Who keeps in its parameters what missed a round must not have it carried as well.
void check_late(TomlReader& root, const RunSpec& spec) {
    if (spec.outer.weights != "each-step") return;
    if (spec.outer.merge != "rebase")
        root.reject("outer", "weights = \"each-step\" needs merge = \"rebase\"");
    if (spec.rounds.staleness > 0)
        root.reject("rounds", "staleness must be 0 with [outer] weights = \"each-step\"");
}

FederationSpec read_federation(TomlReader reader, std::size_t sites) {
    FederationSpec federation;
    federation.project = reader.text("project", "");
    federation.job_class =
        reader.choice("class", federation.job_class, {"service", "production", "development", "scavenger"});
    const double hours = reader.number("hours", 0, {0, 8784});
    federation.duration_ms = static_cast<std::int64_t>(hours * 3'600'000);
    federation.gpus = reader.integer("gpus", 0, {0, 100000});
    federation.quorum = reader.integer("quorum", 0, {0, 64});
    if (federation.quorum > static_cast<std::int64_t>(sites))
        reader.reject("quorum", fmt::format("must not be over the {} sites of the run", sites));
    return federation;
}

SiteSpec read_site(TomlReader& reader, const path& base) {
    SiteSpec site;
    const std::string name = reader.required_text("name");
    if (Result<SiteId> id = SiteId::parse(name, "site"))
        site.id = *id;
    else
        reader.reject("name", id.error().message);
    site.label = reader.text("label", name);
    site.system = reader.text("system", "");
    site.language = reader.text("language", name);
    site.address = reader.text("address", "");
    site.exchange = reader.choice("exchange", "", {"", "direct", "hub", "object-store", "spool"});
    const std::string spool = reader.text("spool", "");
    if (!spool.empty()) site.spool = (base / spool).lexically_normal().string();
    site.via = reader.text("via", "plain");
    site.family = reader.choice("family", "any", {"any", "ipv4", "ipv6"});
    site.interface = reader.text("interface", "");
    site.rate_mbit = reader.number("rate_mbit", 0, {0, 1e7});
    site.prompt = reader.text("prompt", "");
    site.text = base / reader.required_text("text");
    site.heldout = base / reader.required_text("heldout");
    site.data = reader.texts("data", {});
    for (const std::string& id : site.data)
        if (!is_valid_id(id)) reader.reject("data", "must name data sets by their ids");
    return site;
}

std::vector<SiteSpec> read_sites(TomlReader& root, const path& base) {
    std::vector<SiteSpec> sites;
    std::set<SiteId> seen;
    for (TomlReader& reader : root.tables("site")) {
        sites.push_back(read_site(reader, base));
        if (!seen.insert(sites.back().id).second)
            reader.reject("name", "a site of this name is there already");
    }
    if (sites.empty()) root.reject("site", "a run needs at least one [[site]]");
    if (sites.size() > 64) root.reject("site", "a run has at most 64 sites");
    return sites;
}

}  // namespace

Result<RunSpec> parse_run_spec(std::string_view text, const path& file) {
    EM_ASSIGN(TomlReader root, TomlReader::parse(text, file.string()));
    const path base = file.has_parent_path() ? file.parent_path() : path(".");
    RunSpec spec;
    TomlReader run = root.table("run");
    const std::string name = run.required_text("name");
    if (Result<RunId> id = RunId::parse(name, "run"))
        spec.name = *id;
    else
        run.reject("name", id.error().message);
    spec.title = run.text("title", name);
    spec.seed = static_cast<std::uint64_t>(run.integer("seed", 1));
    spec.steps = run.integer("steps", 1000, {1, 100000000});
    spec.checkpoint_rounds = run.integer("checkpoint_rounds", spec.checkpoint_rounds, {1, 1000000});
    spec.leave = run.text("leave", spec.leave);
    if (spec.leave != "finish" && spec.leave != "drop") run.reject("leave", "must be finish or drop");
    spec.leave_s = run.integer("leave_s", spec.leave_s, {1, 3600});
    spec.folder = (base / run.text("folder", "runs/" + name)).lexically_normal();
    TomlReader exchange = root.table("exchange");
    spec.exchange = read_exchange(exchange);
    spec.encrypted = exchange.boolean("encrypted", true);
    spec.pki = (base / exchange.text("pki", (spec.folder / "pki").lexically_relative(base).string()))
                   .lexically_normal();
    spec.model = read_model(root.table("model"));
    spec.inner = read_inner(root.table("inner"));
    spec.outer = read_outer(root.table("outer"));
    spec.rounds = read_rounds(root.table("rounds"));
    spec.evaluate = read_evaluate(root.table("evaluate"));
    spec.sites = read_sites(root, base);
    for (SiteSpec& site : spec.sites) {
        if (site.exchange.empty()) site.exchange = spec.exchange.kind;
    }
    spec.federation = read_federation(root.table("federation"), spec.sites.size());
    check_late(root, spec);
    check_exchange(root, spec);
    if (spec.rounds.quorum > static_cast<std::int64_t>(spec.sites.size()))
        root.reject("rounds",
                    fmt::format("a quorum of {} of {} sites", spec.rounds.quorum, spec.sites.size()));
    EM_TRY(root.finish());
    return spec;
}

Result<RunSpec> load_run_spec(const path& file) {
    EM_ASSIGN(const std::string text, os::read_file(file, 1u << 20));
    return parse_run_spec(text, file);
}

Result<std::size_t> RunSpec::rank_of(std::string_view site) const {
    std::string names;
    for (std::size_t rank = 0; rank < sites.size(); ++rank) {
        if (sites[rank].id.text() == site) return rank;
        names += (rank == 0 ? "" : ", ") + sites[rank].id.text();
    }
    return fail(Code::not_found, "no site '{}' in run {}; there are: {}", site, name.text(), names);
}

}  // namespace euromesh::contract
