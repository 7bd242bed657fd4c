// What a ledger's files and answers may hold when anybody wrote them: signed heads, exports, witness
// memories, proofs, snapshots, key events; and the verifier, which must agree with the ledger's own readers.
#include "apps/verify/verify.hpp"
#include "federation/ledger/ledger_export.hpp"
#include "federation/ledger/proof_document.hpp"
#include "federation/ledger/witness.hpp"
#include "fuzz/input.hpp"

namespace euromesh::fuzz {
namespace {

using namespace federation;

auto source_of(std::string_view text, std::size_t piece) {
    return [text, piece](std::span<char> out) mutable -> Result<std::size_t> {
        const std::size_t count = std::min({piece, out.size(), text.size()});
        std::copy_n(text.begin(), count, out.begin());
        text.remove_prefix(count);
        return count;
    };
}

void try_head(std::string_view text) {
    const auto head = decode_signed_head(text);
    const auto note = verify::read_note(text);
    EM_ASSERT(!head || encode(*head) == text, "a head is read only as it is written");
    EM_ASSERT(!head || note.has_value(), "the verifier reads what the ledger writes");
}

// What the importer takes has the form that the verifier wants; heads and JSON are not its matter.
void try_export(std::string_view text, std::size_t piece) {
    LedgerImporter importer(source_of(text, piece));
    bool whole = false;
    std::uint64_t entries = 0;
    while (true) {
        const auto item = importer.next();
        whole = item && !*item;
        if (!item || !*item) break;
        if ((*item)->kind == ExportItem::Kind::entry) ++entries;
        EM_ASSERT(text.substr((*item)->offset, (*item)->bytes.size()) == (*item)->bytes, "places are right");
    }
    const auto findings = verify::verify({source_of(text, piece), 0, {}, {}});
    EM_ASSERT(findings.has_value(), "only a source that fails makes the verifier fail");
    EM_ASSERT(findings->first || (whole && findings->entries == entries), "what holds can be imported");
}

void try_documents(std::string_view text) {
    if (const auto memory = decode_witness_memory(text)) {
        EM_ASSERT(decode_witness_memory(encode(*memory)) == *memory, "a memory is kept");
    }
    (void)read_consistency(text);
    (void)check_inclusion(text, "entry", KeyBook(), {});
    (void)verify::read_known_keys(text);
    KeyBook keys;
    (void)keys.apply(text, 0);
    if (const auto json = parse_json(text)) {
        (void)key_event_from("key.rotated", *json);
        verify::KeyTable table;
        for (const char* type : {"federation.founded", "site.admitted", "key.rotated"})
            (void)table.apply(type, *json);
    }
}

void try_snapshot(std::string_view text) {
    const auto tree = MerkleTree::restore(text);
    if (tree) EM_ASSERT(tree->snapshot() == text, "a snapshot has one spelling");
}

}  // namespace

void try_input(Input input) {
    const std::uint8_t kind = input.byte();
    switch (kind % 4) {
        case 0:
            return try_head(input.text());
        case 1:
            return try_export(input.text(), 1u + kind);
        case 2:
            return try_documents(input.text());
        default:
            return try_snapshot(input.text());
    }
}

}  // namespace euromesh::fuzz
