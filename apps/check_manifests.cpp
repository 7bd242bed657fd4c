#include "apps/check_manifests.hpp"

#include <cstdio>
#include <map>

#include "apps/teller.hpp"
#include "base/os/file.hpp"
#include "sync/manifest.hpp"
#include "trainer/checkpoint.hpp"

namespace euromesh::apps {
namespace {

using std::filesystem::path;

constexpr std::uint64_t manifests_max_bytes = 1u << 30;

// The digest of the outer state in the checkpoint beside the manifests, recomputed from its values; empty
// without one.
Result<std::string> checkpoint_digest(const path& file, std::uint64_t last_round) {
    const path folder = file.has_parent_path() ? file.parent_path() : path(".");
    if (!std::filesystem::exists(folder / "latest")) return std::string();
    EM_ASSIGN(trainer::Checkpoint checkpoint, trainer::load_checkpoint(folder));
    if (checkpoint.round != last_round + 1) return std::string();
    return sync::state_digest({std::move(checkpoint.outer_parameters), std::move(checkpoint.outer_momentum),
                               std::move(checkpoint.outer_delayed)});
}

// By run and round: the line, and the file that it was first seen in.
using SeenLines = std::map<std::pair<std::string, std::uint64_t>, std::pair<std::string, path>>;

Status compare_lines(const path& file, std::string_view text, SeenLines& seen) {
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        const std::string line(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
        EM_ASSIGN(const sync::Manifest manifest, sync::decode_manifest(line));
        const auto [found, is_new] = seen.try_emplace({manifest.run.text(), manifest.round}, line, file);
        if (!is_new && found->second.first != line) {
            return fail(Code::corrupted, "round {} of {} is not the same in {} and {}", manifest.round,
                        manifest.run.text(), found->second.second.string(), file.string());
        }
    }
    return {};
}

Result<Json> check_one(const path& file, SeenLines& seen) {
    EM_ASSIGN(const std::string text, os::read_file(file, manifests_max_bytes));
    Result<sync::ChainSummary> summary = sync::check_manifests(text);
    if (!summary) return fail(summary.error().within(file.string()));
    EM_TRY(compare_lines(file, text, seen));
    EM_ASSIGN(const std::string digest, checkpoint_digest(file, summary->last_round));
    if (!digest.empty()) {
        if (const auto ended = sync::check_manifests(text, digest); !ended)
            return fail(ended.error().within(file.string()));
    }
    return Json{{"file", file.string()},
                {"lines", summary->lines},
                {"first_round", summary->first_round},
                {"last_round", summary->last_round},
                {"tokens_total", summary->tokens_total},
                {"head", summary->head},
                {"outer_state", summary->final_state},
                {"checkpoint_matches", digest.empty() ? Json(nullptr) : Json(true)}};
}

std::string in_words_of(const Json& row) {
    const bool compared = row["checkpoint_matches"].is_boolean();
    return fmt::format("{}: {} manifests, rounds {} to {}, {} tokens, chain head {}, {}",
                       row["file"].get<std::string>(), row["lines"].get<std::uint64_t>(),
                       row["first_round"].get<std::uint64_t>(), row["last_round"].get<std::uint64_t>(),
                       row["tokens_total"].get<std::uint64_t>(), row["head"].get<std::string>(),
                       compared ? "the checkpoint beside it has the outer state that they end with"
                                : "no checkpoint of the last round beside it");
}

}  // namespace

Status compare_manifest_files(const std::vector<path>& files) {
    SeenLines seen;
    for (const path& file : files) {
        EM_ASSIGN(const std::string text, os::read_file(file, manifests_max_bytes));
        EM_TRY(compare_lines(file, text, seen));
    }
    return {};
}

Status check_manifest_files(const std::vector<path>& files, bool json) {
    SeenLines seen;
    Json rows = Json::array();
    for (const path& file : files) {
        EM_ASSIGN(Json row, check_one(file, seen));
        if (!json) std::printf("%s\n", in_words_of(row).c_str());
        rows.push_back(std::move(row));
    }
    if (json) print_json({{"format", "euromesh-manifest-check/1"}, {"files", rows}});
    return {};
}

}  // namespace euromesh::apps
