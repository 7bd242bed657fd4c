#include "federation/ledger/witness.hpp"

#include "base/base64.hpp"

namespace euromesh::federation {
namespace {

constexpr std::string_view format = "euromesh-witness/1";
constexpr std::string_view where = "witness memory";
constexpr std::size_t memory_max_bytes = 4096;

Status check_source(const WitnessMemory& memory, const SignedHead& head) {
    if (head.head.origin != memory.origin) {
        return fail(Code::refused, "head of '{}': this site belongs to '{}'", head.head.origin,
                    memory.origin);
    }
    if (!is_signed_by(head, memory.coordinator)) {
        return fail(Code::refused, "head of {} entries: not signed by the coordinator's key {}",
                    head.head.size, key_id(memory.coordinator));
    }
    return {};
}

// Proof and roots.
Status check_growth(const TreeHead& last, const TreeHead& head, std::span<const NodeHash> proof) {
    if (head.size < last.size || head.time_ms < last.time_ms) {
        return fail(Code::refused,
                    "head of {} entries at {} ms: this site signed {} entries at {} ms already", head.size,
                    head.time_ms, last.size, last.time_ms);
    }
    if (proof.size() <= proof_most_hashes &&
        verify_consistency(last.size, head.size, last.root, head.root, proof)) {
        return {};
    }
    return fail(
        Code::conflict,
        "head of {} entries does not continue the one of {} that this site signed: a fork, or the proof is "
        "wrong",
        head.size, last.size);
}

template <std::size_t Size>
Status read_bytes(const Json& json, std::string_view key, std::array<std::uint8_t, Size>& bytes) {
    EM_ASSIGN(const std::string text, json_string(json, key, where));
    if (from_base64(text, bytes)) return {};
    return fail(Code::bad_input, "{}: '{}' is not {} bytes in base64", where, key, Size);
}

}  // namespace

WitnessMemory first_memory(std::string origin, const PublicKey& coordinator) {
    WitnessMemory memory{origin, coordinator, {}};
    memory.last.origin = std::move(origin);
    memory.last.root = empty_root();
    return memory;
}

Result<WitnessStep> witness(const WitnessMemory& memory, const SignedHead& head,
                            std::span<const NodeHash> proof, std::string_view site, const SigningKey& key,
                            std::int64_t now_ms) {
    EM_TRY(check_source(memory, head));
    EM_TRY(check_growth(memory.last, head.head, proof));
    WitnessStep step{countersign(head.head, site, key, now_ms), memory};
    step.memory.last = head.head;
    return step;
}

Result<WitnessMemory> follow_rotation(const WitnessMemory& memory, const KeyEvent& event) {
    const bool ours = event.change == KeyChange::rotated && event.role == KeyRole::coordinator &&
                      event.name == memory.origin && event.key == memory.coordinator && !event.by_board;
    const std::string statement = key_statement(memory.origin, event);
    const bool holds = event.signatures.size() == 1 &&
                       is_signed(memory.coordinator, statement, event.signatures[0].signature);
    if (!ours || !holds) {
        return fail(Code::refused, "change of the coordinator's key: not a rotation that the key {} signed",
                    key_id(memory.coordinator));
    }
    WitnessMemory next = memory;
    next.coordinator = event.successor;
    return next;
}

std::string encode(const WitnessMemory& memory) {
    const Json json = {{"format", format},
                       {"origin", memory.origin},
                       {"coordinator", to_base64(memory.coordinator)},
                       {"size", memory.last.size},
                       {"root", to_base64(memory.last.root)},
                       {"time_ms", memory.last.time_ms}};
    return json.dump() + "\n";
}

Result<WitnessMemory> decode_witness_memory(std::string_view text) {
    EM_ASSIGN(const Json json, parse_json(text, memory_max_bytes));
    EM_ASSIGN(const std::string found, json_string(json, "format", where));
    if (found != format) return fail(Code::bad_input, "{}: its format is not '{}'", where, format);
    WitnessMemory memory;
    EM_ASSIGN(memory.origin, json_string(json, "origin", where));
    EM_TRY(check_origin(memory.origin));
    EM_TRY(read_bytes(json, "coordinator", memory.coordinator));
    EM_ASSIGN(const std::int64_t size, json_integer(json, "size", where));
    EM_ASSIGN(memory.last.time_ms, json_integer(json, "time_ms", where));
    if (size < 0 || memory.last.time_ms < 0) {
        return fail(Code::bad_input, "{}: size and time_ms are not negative", where);
    }
    EM_TRY(read_bytes(json, "root", memory.last.root));
    memory.last.origin = memory.origin;
    memory.last.size = static_cast<std::uint64_t>(size);
    return memory;
}

}  // namespace euromesh::federation
