#include "apps/run_manifests.hpp"

#include "apps/check_manifests.hpp"
#include "base/base64.hpp"
#include "sync/manifest.hpp"

namespace euromesh::apps {
namespace {

// Of one site; empty: it has none, or is away.
Result<std::string> manifests_of(ApiClient& client, const std::string& job, const std::string& site) {
    const auto output = client.get("/v1/jobs/" + job + "/logs?site=" + site);
    if (!output) {
        const Code code = output.error().code;
        if (code == Code::unavailable || code == Code::conflict) return std::string();
        return fail(output.error());
    }
    const Json part = output->value("manifests", Json::object());
    if (!part.is_object() || !part.contains("bytes")) return std::string();
    EM_ASSIGN(const std::string bytes, json_string(part, "bytes", "manifests of " + site));
    return from_base64(bytes);
}

}  // namespace

Result<std::map<std::string, ManifestEnd>> fetch_manifests(ApiClient& client, const Json& run,
                                                           const os::Path& folder) {
    std::map<std::string, ManifestEnd> ends;
    std::vector<os::Path> files;
    for (const Json& site : run.value("sites", Json::array())) {
        const std::string name = site.value("site", "");
        if (!is_valid_id(name)) continue;
        EM_ASSIGN(const std::string text, manifests_of(client, run.value("job", ""), name));
        if (text.empty()) continue;
        const auto summary = sync::check_manifests(text);
        if (!summary) return fail(summary.error().within("manifests of " + name));
        EM_TRY(os::make_folders(folder));
        files.push_back(folder / (name + ".jsonl"));
        EM_TRY(os::write_file_atomically(files.back(), text));
        ends[name] = {summary->head, summary->final_state};
    }
    EM_TRY(compare_manifest_files(files));
    return ends;
}

}  // namespace euromesh::apps
