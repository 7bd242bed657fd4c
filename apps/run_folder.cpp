#include "apps/run_folder.hpp"

#include "base/hash.hpp"
#include "base/os/file.hpp"

namespace euromesh::apps {
namespace {

using contract::RunSpec;
using contract::Teller;

constexpr std::uint64_t events_max_bytes = 256u << 20;

Status remove_tree(const path& folder) {
    std::error_code error;
    std::filesystem::remove_all(folder, error);
    if (error) return fail(os::file_error(error.value(), "removing", folder));
    return {};
}

Status empty_run_folder(const RunSpec& spec) {
    for (const char* part : {"sites", "solo", "events", "logs", "report.json", "report.html", "run.json"}) {
        EM_TRY(remove_tree(spec.folder / part));
    }
    return {};
}

Status check_claim(RunSpec& spec, const std::string& digest, const std::string& text, bool resume) {
    const std::string where = (spec.folder / "run.json").string();
    EM_ASSIGN(const Json claim, parse_json(text));
    EM_ASSIGN(const std::string claimed, json_string(claim, "run_file_sha256", where));
    EM_ASSIGN(const std::int64_t steps, json_integer(claim, "steps", where));
    if (claimed != digest) {
        return fail(Code::conflict, "{} holds a run of another run file; --fresh removes it and begins anew",
                    spec.folder.string());
    }
    if (!resume) {
        return fail(Code::conflict, "{} holds this run already; --resume continues it, --fresh begins anew",
                    spec.folder.string());
    }
    if (steps < 1) return fail(Code::bad_input, "{}: 'steps' must be 1 or more", where);
    spec.steps = steps;
    return {};
}

}  // namespace

path site_folder(const RunSpec& spec, const std::string& site) {
    return spec.folder / "sites" / site;
}
path manifest_file(const RunSpec& spec, const std::string& site) {
    return site_folder(spec, site) / "manifests.jsonl";
}
path solo_folder(const RunSpec& spec, const std::string& name) {
    return spec.folder / "solo" / name;
}
path event_file(const RunSpec& spec, const std::string& name) {
    return spec.folder / "events" / (name + ".jsonl");
}
path log_file(const RunSpec& spec, const std::string& name) {
    return spec.folder / "logs" / (name + ".log");
}

std::string file_name_of(const Teller& teller) {
    if (teller.kind == Teller::Kind::federated) return teller.site;
    if (teller.kind == Teller::Kind::alone) return "alone-" + teller.site;
    return "data-parallel";
}

std::vector<Teller> tellers_of(const RunSpec& spec) {
    std::vector<Teller> tellers;
    for (const auto& site : spec.sites) tellers.push_back({Teller::Kind::federated, site.id.text()});
    for (const auto& site : spec.sites) tellers.push_back({Teller::Kind::alone, site.id.text()});
    tellers.push_back({Teller::Kind::data_parallel, ""});
    return tellers;
}

Result<std::vector<Json>> read_events(const RunSpec& spec, const Teller& teller) {
    const path file = event_file(spec, file_name_of(teller));
    std::vector<Json> events;
    const Result<std::string> text = os::read_file(file, events_max_bytes);
    if (!text && text.error().code == Code::not_found) return events;
    if (!text) return fail(text.error());
    std::size_t begin = 0;
    for (int line = 1; begin < text->size(); ++line) {
        const std::size_t end = std::min(text->find('\n', begin), text->size());
        Result<Json> event = parse_json(std::string_view(*text).substr(begin, end - begin), 1u << 20);
        if (!event) return fail(event.error().within(fmt::format("{}:{}", file.string(), line)));
        events.push_back(std::move(*event));
        begin = end + 1;
    }
    return events;
}

bool has_finished(const RunSpec& spec, const Teller& teller) {
    const Result<std::vector<Json>> events = read_events(spec, teller);
    return events && !events->empty() && events->back().value("event", "") == "done";
}

Status claim_run_folder(RunSpec& spec, const path& run_file, bool resume, bool fresh) {
    EM_TRY(os::make_folders(spec.folder));
    if (fresh) EM_TRY(empty_run_folder(spec));
    EM_ASSIGN(const std::string run_text, os::read_file(run_file, 1u << 20));
    const std::string digest = to_hex(sha256(run_text));
    const Result<std::string> claim = os::read_file(spec.folder / "run.json", 1u << 16);
    if (claim) return check_claim(spec, digest, *claim, resume);
    if (claim.error().code != Code::not_found) return fail(claim.error());
    const Json fresh_claim = {{"run", spec.name.text()}, {"run_file_sha256", digest}, {"steps", spec.steps}};
    EM_TRY(os::make_folders(spec.folder / "events"));
    EM_TRY(os::make_folders(spec.folder / "logs"));
    return os::write_file_atomically(spec.folder / "run.json", fresh_claim.dump() + "\n");
}

}  // namespace euromesh::apps
