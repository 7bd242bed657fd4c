#include "federation/ledger/proof_document.hpp"

namespace euromesh::federation {
namespace {

constexpr std::string_view inclusion_format = "euromesh-inclusion/1";
constexpr std::string_view consistency_format = "euromesh-consistency/1";
constexpr std::string_view where = "proof";

Json path_json(const Proof& proof) {
    Json path = Json::array();
    for (const NodeHash& hash : proof) path.push_back(to_hex(hash));
    return path;
}

Result<Json> read_document(std::string_view text, std::string_view format) {
    EM_ASSIGN(Json json, parse_json(text, proof_document_max_bytes));
    EM_ASSIGN(const std::string found, json_string(json, "format", where));
    if (found != format) return fail(Code::bad_input, "{}: its format is not '{}'", where, format);
    return json;
}

Result<Proof> read_path(const Json& json) {
    const auto path = json.find("path");
    if (path == json.end() || !path->is_array() || path->size() > proof_most_hashes) {
        return fail(Code::bad_input, "{}: 'path' must be a list of at most {} hashes", where,
                    proof_most_hashes);
    }
    Proof proof(path->size());
    for (std::size_t i = 0; i < proof.size(); ++i) {
        const Json& text = (*path)[i];
        if (!text.is_string() || !from_hex(text.get<std::string>(), proof[i])) {
            return fail(Code::bad_input, "{}: number {} of 'path' is not a hash in hexadecimal", where, i);
        }
    }
    return proof;
}

Result<std::uint64_t> read_count(const Json& json, std::string_view key) {
    EM_ASSIGN(const std::int64_t number, json_integer(json, key, where));
    if (number < 0) return fail(Code::bad_input, "{}: '{}' is negative", where, key);
    return static_cast<std::uint64_t>(number);
}

}  // namespace

Result<Json> inclusion_document(const MerkleTree& tree, std::uint64_t index, const SignedHead& head) {
    EM_ASSIGN(const Proof proof, tree.inclusion_proof(index, head.head.size));
    return Json{{"format", inclusion_format},       {"index", index},           {"size", head.head.size},
                {"leaf", to_hex(tree.leaf(index))}, {"path", path_json(proof)}, {"head", encode(head)}};
}

Result<TreeHead> check_inclusion(std::string_view document, std::string_view entry, const KeyBook& keys,
                                 const HeadPolicy& policy) {
    EM_ASSIGN(const Json json, read_document(document, inclusion_format));
    EM_ASSIGN(const std::uint64_t index, read_count(json, "index"));
    EM_ASSIGN(const std::uint64_t size, read_count(json, "size"));
    EM_ASSIGN(const std::string leaf, json_string(json, "leaf", where));
    EM_ASSIGN(const Proof proof, read_path(json));
    EM_ASSIGN(const std::string note, json_string(json, "head", where));
    EM_ASSIGN(const SignedHead head, decode_signed_head(note));
    EM_TRY(check_head(head, keys, policy));
    const NodeHash hash = leaf_hash(entry);
    if (leaf != to_hex(hash)) return fail(Code::refused, "{}: it is about other bytes than these", where);
    if (size != head.head.size || !verify_inclusion(hash, index, size, proof, head.head.root)) {
        return fail(Code::refused, "{}: it does not lead from entry {} to the head of {} entries", where,
                    index, head.head.size);
    }
    return head.head;
}

Result<Json> consistency_document(const MerkleTree& tree, std::uint64_t old_size, std::uint64_t new_size) {
    EM_ASSIGN(const Proof proof, tree.consistency_proof(old_size, new_size));
    return Json{{"format", consistency_format},
                {"old_size", old_size},
                {"new_size", new_size},
                {"path", path_json(proof)}};
}

Result<ConsistencyProof> read_consistency(std::string_view document) {
    EM_ASSIGN(const Json json, read_document(document, consistency_format));
    ConsistencyProof proof;
    EM_ASSIGN(proof.old_size, read_count(json, "old_size"));
    EM_ASSIGN(proof.new_size, read_count(json, "new_size"));
    EM_ASSIGN(proof.path, read_path(json));
    return proof;
}

}  // namespace euromesh::federation
