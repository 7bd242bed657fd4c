#include "base/base64.hpp"
#include "federation/http/paging.hpp"
#include "federation/service/route_maker.hpp"

namespace euromesh::federation {
namespace {

Result<std::uint64_t> number_of(const HttpCall& call, const char* name) {
    const std::string text = call.query_value(name).value_or("");
    const bool fits =
        !text.empty() && text.size() <= 18 && text.find_first_not_of("0123456789") == std::string::npos;
    if (!fits) return fail(Code::bad_input, "?{}=: write a whole number from 0", name);
    return std::strtoull(text.c_str(), nullptr, 10);
}

Json hashes_of(const Proof& proof) {
    Json list = Json::array();
    for (const NodeHash& hash : proof) list.push_back(to_base64(std::span(hash)));
    return list;
}

void heads(ApiContext& context, HttpCall&, const Responder& responder) {
    Json list = Json::array();
    for (const SignedHead& head : context.coordinator.heads()) list.push_back(encode(head));
    responder.answer(json_answer({{"heads", std::move(list)}, {"durable", context.coordinator.durable()}}));
}

// Whole entries hold what projects submit: for administrators and auditors.
void entries(ApiContext& context, HttpCall& call, const Responder& responder) {
    const bool may = context.coordinator.read(
        [&](const Core& core) { return is_reviewer(core.tables(), actor_of(call)); });
    if (!may)
        return responder.problem(simple_problem(
            403, "not-an-auditor",
            "the ledger's entries are for administrators and reviewers; proofs and heads are for all"));
    const auto page = parse_page(call, "entries", {.usual = 1000, .most = 5000});
    if (!page) return responder.fail(page.error());
    const std::uint64_t first = page->after.empty() ? 0 : std::strtoull(page->after.c_str(), nullptr, 10);
    const auto read = context.coordinator.entries(first, page->limit);
    if (!read) return responder.fail(read.error());
    HttpAnswer answer = json_answer({{"first", first}, {"entries", *read}});
    if (!read->empty())
        add_next_link(answer, call, make_cursor("entries", std::to_string(first + read->size())));
    responder.answer(std::move(answer));
}

void inclusion(ApiContext& context, HttpCall& call, const Responder& responder) {
    const auto index = number_of(call, "index");
    if (!index) return responder.fail(index.error());
    const auto size = number_of(call, "size");
    if (!size) return responder.fail(size.error());
    const auto proof = context.coordinator.inclusion_proof(*index, *size);
    if (!proof) return responder.fail(proof.error());
    responder.answer(json_answer({{"index", *index}, {"size", *size}, {"proof", hashes_of(*proof)}}));
}

void consistency(ApiContext& context, HttpCall& call, const Responder& responder) {
    const auto from = number_of(call, "from");
    if (!from) return responder.fail(from.error());
    const auto to = number_of(call, "to");
    if (!to) return responder.fail(to.error());
    const auto proof = context.coordinator.consistency_proof(*from, *to);
    if (!proof) return responder.fail(proof.error());
    responder.answer(json_answer({{"from", *from}, {"to", *to}, {"proof", hashes_of(*proof)}}));
}

}  // namespace

void add_ledger_routes(Api& api, ApiContext& context) {
    RouteMaker make(api, context, "ledger");
    make.get("/v1/ledger/heads", "listHeads",
             "Signed heads with what sites have countersigned; the newest last", std::nullopt, heads);
    make.get("/v1/ledger/entries", "listEntries", "Entries as they are hashed, oldest first",
             Scope::compute_read, entries)
        .query = {{"limit", "rows of a page"}, {"cursor", "from the Link header"}};
    const Json whole = {{"type", "integer"}, {"minimum", 0}};
    make.get("/v1/ledger/proof/inclusion", "proveInclusion", "That an entry is in the tree of a head",
             std::nullopt, inclusion)
        .query = {{"index", "number of the entry", whole, true}, {"size", "of the head", whole, true}};
    make.get("/v1/ledger/proof/consistency", "proveConsistency", "That one head is a beginning of another",
             std::nullopt, consistency)
        .query = {{"from", "size of the older head", whole, true},
                  {"to", "size of the newer one", whole, true}};
}

}  // namespace euromesh::federation
