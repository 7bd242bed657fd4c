// Manifests: one line, byte for byte; and a whole file, whose chain is recomputed.
#include "sync/manifest.hpp"

#include "fuzz/input.hpp"

namespace euromesh::fuzz {
namespace {

void check_summary(std::string_view text, const sync::ChainSummary& summary) {
    EM_ASSERT(summary.lines > 0 && summary.last_round - summary.first_round == summary.lines - 1,
              "a file that is accepted has no gaps");
    std::string_view last = text.substr(0, text.size() - 1);
    last.remove_prefix(last.rfind('\n') + 1);
    EM_ASSERT(sync::chain_digest(last) == summary.head, "the head is that of the last line");
}

}  // namespace

void try_input(Input input) {
    const std::string_view text = input.text();
    const auto manifest = sync::decode_manifest(text);
    if (manifest) EM_ASSERT(sync::encode(*manifest) == text, "decodes only what encode writes");
    if (const auto summary = sync::check_manifests(text)) check_summary(text, *summary);
}

}  // namespace euromesh::fuzz
