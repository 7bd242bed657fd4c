#include "contract/job_spec.hpp"

#include "base/hash.hpp"
#include "contract/document_reader.hpp"

namespace euromesh::contract {
namespace {

constexpr std::int64_t version = 1;
constexpr std::int64_t year_ms = 366ll * 86400 * 1000;

void read_files(DocumentReader& reader, JobSpec& spec) {
    spec.files = reader.text_map("files", job_files_most, job_files_max_bytes);
    std::size_t bytes = 0;
    for (const auto& [name, text] : spec.files) {
        if (!is_file_name(name))
            reader.reject("files", "must have plain names: 1 to 64 of A-Z a-z 0-9 . _ -, no folders");
        bytes += text.size();
    }
    if (bytes > job_files_max_bytes)
        reader.reject("files", fmt::format("must not be over {} KiB together", job_files_max_bytes >> 10));
}

void read_program(DocumentReader& reader, JobSpec& spec) {
    spec.name = reader.text("name", "job", 128);
    spec.template_name = reader.choice("template", "", {"", train_template});
    read_files(reader, spec);
    if (spec.template_name.empty())
        spec.executable = reader.needed_text("executable", "\"/bin/echo\"", 4096);
    else if (!reader.text("executable", "", 4096).empty())
        reader.reject("executable", "must be left out: the template says what is run");
    if (spec.template_name == train_template && !spec.files.contains(run_file_name))
        reader.reject("files", fmt::format("must hold '{}' for the template train", run_file_name));
    spec.arguments = reader.texts("arguments", 1024, 8192);
    spec.environment = reader.text_map("environment", 256, 8192);
    for (const auto& [name, value] : spec.environment)
        if (name.find('=') != std::string::npos) reader.reject("environment", "must have names without '='");
    spec.directory = reader.text("directory", "", 4096);
    spec.stdin_name = reader.text("stdin", "", 4096);
    spec.stdout_name = reader.text("stdout", "", 4096);
    spec.stderr_name = reader.text("stderr", "", 4096);
}

void read_resources(DocumentReader reader, JobSpec& spec) {
    DocumentReader sites = reader.object("sites");
    spec.sites = sites.integer("count", 1, {1, 64});
    spec.quorum = sites.integer("quorum", spec.sites, {1, 64});
    if (spec.quorum > spec.sites)
        sites.reject("quorum", fmt::format("must not be over the count of {}", spec.sites));
    sites.finish();
    spec.processes = reader.integer("processes", 1, {1, 100000});
    spec.gpus_per_process = reader.integer("gpus_per_process", 0, {0, 64});
    spec.memory_mib = reader.integer("memory_mib", 0, {0, 16ll << 20});
    spec.exchange_bytes = reader.integer("exchange_bytes", 0, {0, 1ll << 60});
    reader.finish();
}

void read_attributes(DocumentReader reader, JobSpec& spec) {
    if (!reader.has("duration"))
        reader.reject("duration",
                      "is missing: say how long the job runs at most, in seconds or as \"PT30M\"");
    spec.duration_ms = reader.duration_ms("duration", {1000, year_ms});
    spec.project = reader.id("project");
    spec.job_class = reader.choice("class", "production",
                                   {"emergency", "service", "production", "development", "scavenger"});
    spec.kind = reader.choice("kind", "batch", {"batch", "training", "inference", "federated-training"});
    spec.accelerators = reader.integer_map("accelerators", 64, {1, 1000000});
    spec.exports_weights = reader.boolean("exports_weights", false);
    spec.export_class = reader.choice("export_class", spec.exports_weights ? "unknown" : "none",
                                      {"none", "listed", "unknown"});
    reader.finish();
}

bool is_image_digest(std::string_view text) {
    constexpr std::string_view prefix = "sha256:";
    Sha256Digest digest;
    return text.substr(0, prefix.size()) == prefix &&
           from_hex(text.substr(prefix.size()), digest).has_value();
}

void read_needs(DocumentReader& reader, JobSpec& spec) {
    spec.image = reader.text("image", "", 71);
    if (!spec.image.empty() && !is_image_digest(spec.image))
        reader.reject("image", "must be a digest: \"sha256:\" and 64 hexadecimal digits");
    spec.runtimes = reader.ids("runtimes", 16);
    reader.each("data", 64, [&](DocumentReader& entry) {
        entry.needed_text("id", "{\"id\": \"corpus-fi\"}", 64);
        spec.data.push_back(entry.id("id"));
        const std::string site = entry.id("site");
        if (!site.empty()) spec.data_sites[spec.data.back()] = site;
    });
    DocumentReader preferences = reader.object("preferences");
    spec.preferred_sites = preferences.ids("sites", 256);
    spec.preferred_countries = preferences.texts("countries", 64, 2);
    preferences.finish();
}

Json data_json(const JobSpec& spec) {
    Json data = Json::array();
    for (const std::string& id : spec.data) {
        const auto site = spec.data_sites.find(id);
        data.push_back(Json{{"id", id}});
        if (site != spec.data_sites.end()) data.back()["site"] = site->second;
    }
    return data;
}

}  // namespace

Result<JobSpec> read_job_spec(const Json& document) {
    DocumentReader reader(document, "job");
    JobSpec spec;
    if (reader.integer("version", version, {0, INT32_MAX}) != version)
        reader.reject("version", "must be 1: this program reads no other version of job documents");
    read_program(reader, spec);
    read_resources(reader.object("resources"), spec);
    read_attributes(reader.object("attributes"), spec);
    read_needs(reader, spec);
    reader.finish();
    EM_TRY(reader.status());
    return spec;
}

Result<JobSpec> parse_job_spec(std::string_view text) {
    EM_ASSIGN(const Json document, parse_json(text, job_spec_max_bytes));
    return read_job_spec(document);
}

bool is_file_name(std::string_view name) {
    constexpr std::string_view plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    return !name.empty() && name.size() <= 64 && name.front() != '.' &&
           name.find_first_not_of(plain) == std::string_view::npos;
}

Json to_json(const JobSpec& spec) {
    Json json{
        {"version", version},
        {"name", spec.name},
        {"executable", spec.executable},
        {"arguments", spec.arguments},
        {"environment", Json(spec.environment)},
        {"directory", spec.directory},
        {"stdin", spec.stdin_name},
        {"stdout", spec.stdout_name},
        {"stderr", spec.stderr_name},
        {"resources", Json{{"sites", Json{{"count", spec.sites}, {"quorum", spec.quorum}}},
                           {"processes", spec.processes},
                           {"gpus_per_process", spec.gpus_per_process},
                           {"memory_mib", spec.memory_mib},
                           {"exchange_bytes", spec.exchange_bytes}}},
        {"attributes",
         [&] {
             Json attributes{{"duration", spec.duration_ms / 1000}};
             if (!spec.project.empty()) attributes["project"] = spec.project;
             attributes["class"] = spec.job_class;
             attributes["kind"] = spec.kind;
             attributes["accelerators"] = Json(spec.accelerators);
             attributes["exports_weights"] = spec.exports_weights;
             attributes["export_class"] = spec.export_class;
             return attributes;
         }()},
        {"image", spec.image},
        {"runtimes", spec.runtimes},
        {"data", data_json(spec)},
        {"preferences", Json{{"sites", spec.preferred_sites}, {"countries", spec.preferred_countries}}},
    };
    if (!spec.template_name.empty()) {
        json["template"] = spec.template_name;
        json.erase("executable");
    }
    if (!spec.files.empty()) json["files"] = Json(spec.files);
    return json;
}

std::string digest_of(const JobSpec& spec) {
    return to_hex(sha256(to_json(spec).dump()));
}

}  // namespace euromesh::contract
