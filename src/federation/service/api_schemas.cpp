#include "federation/service/api.hpp"

namespace euromesh::federation {
namespace {

Json text(std::uint64_t least, std::uint64_t most, std::string description) {
    Json schema = {{"type", "string"}, {"maxLength", most}, {"description", std::move(description)}};
    if (least > 0) schema["minLength"] = least;
    return schema;
}

Json whole(std::int64_t least, std::int64_t most, std::string description) {
    return {
        {"type", "integer"}, {"minimum", least}, {"maximum", most}, {"description", std::move(description)}};
}

Json flag(std::string description) {
    return {{"type", "boolean"}, {"description", std::move(description)}};
}

Json texts(std::string description) {
    return {{"type", "array"},
            {"items", {{"type", "string"}, {"minLength", 1u}, {"maxLength", 512u}}},
            {"maxItems", 1000u},
            {"description", std::move(description)}};
}

Json one_of(std::vector<std::string> words, std::string description) {
    return {{"type", "string"}, {"enum", std::move(words)}, {"description", std::move(description)}};
}

Json object(Json properties, std::vector<std::string> required) {
    return {{"type", "object"},
            {"properties", std::move(properties)},
            {"required", std::move(required)},
            {"additionalProperties", false}};
}

// Read whole by the contract, which names the place and the remedy itself.
Json document(std::string description) {
    return {{"type", "object"}, {"additionalProperties", true}, {"description", std::move(description)}};
}

const std::vector<std::string> shares = {"ju", "national", "private"};

Status add_access_schemas(SchemaSet& schemas) {
    EM_TRY(schemas.add(
        "Application",
        object({{"project", text(1, 64, "whose time it will be")},
                {"tier", text(1, 64, "as in /v1/federation")},
                {"share", one_of(shares, "whose share pays; ju when absent")},
                {"milli_gpu_hours", whole(1, amount_most, "asked for, in thousandths of a GPU-hour")},
                {"purpose", text(0, 4000, "one page at most: what the time is for")}},
               {"project", "tier", "milli_gpu_hours"})));
    EM_TRY(schemas.add("Review", object({{"grant", flag("yes or no")},
                                         {"words", text(0, 4000, "the reason; needed for a no")}},
                                        {"grant"})));
    EM_TRY(schemas.add("Grant",
                       object({{"project", text(1, 64, "who gets it")},
                               {"tier", text(1, 64, "as in /v1/federation")},
                               {"share", one_of(shares, "whose share pays; ju when absent")},
                               {"owner", text(0, 64, "whose share in fair share: ju, or a country")},
                               {"milli_gpu_hours", whole(1, amount_most, "in thousandths of a GPU-hour")},
                               {"begin_ms", whole(0, 253'402'300'799'000, "milliseconds UTC")},
                               {"end_ms", whole(0, 253'402'300'799'000, "not included")}},
                              {"project", "tier", "milli_gpu_hours", "begin_ms", "end_ms"})));
    return schemas.add(
        "Project",
        object({{"id", text(1, 64, "a-z, 0-9, '.', '_', '-'")},
                {"title", text(0, 400, "for people")},
                {"organisation", text(1, 200, "who is responsible")},
                {"organisation_kind",
                 one_of({"research", "public", "sme", "startup", "company"}, "research when absent")},
                {"country", text(2, 2, "of registration, ISO 3166-1")},
                {"civilian", flag("civilian use only; true when absent")},
                {"export_authorised", flag("holds an export authorisation for weights of a listed class")},
                {"groups", texts("whoever has one of them is a member")},
                {"members", texts("accounts: ISSUER|SUBJECT")},
                {"managers", texts("accounts that may apply and change members")}},
               {"id", "organisation", "country"}));
}

}  // namespace

Status add_schemas(SchemaSet& schemas) {
    EM_TRY(
        schemas.add("JobSpec", document("a job in the shape of PSI/J: docs/coordinator.md names every key")));
    EM_TRY(schemas.add("Words", object({{"words", text(0, 500, "why")}}, {})));
    EM_TRY(schemas.add("DataSet",
                       object({{"id", text(1, 64, "a-z, 0-9, '.', '_', '-'")},
                               {"project", text(1, 64, "whose it is")},
                               {"residency", one_of({"none", "eu", "country", "site"}, "where it may lie")},
                               {"country", text(2, 2, "where it lies, ISO 3166-1")},
                               {"site", text(0, 64, "where it lies")},
                               {"bytes", whole(0, 1'000'000'000'000'000'000, "how much")},
                               {"sensitive", flag("personal or otherwise protected data")}},
                              {"id", "project", "residency"})));
    EM_TRY(schemas.add("SiteAdmission",
                       object({{"id", text(1, 64, "a-z, 0-9, '.', '_', '-'")},
                               {"public_key", text(64, 64, "Ed25519, hexadecimal")},
                               {"country", text(2, 2, "ISO 3166-1")},
                               {"operator", text(1, 200, "who runs it")},
                               {"hosting", one_of({"ju", "national", "private"}, "national when absent")},
                               {"owners", texts("countries of the national share")}},
                              {"id", "public_key", "country", "operator"})));
    EM_TRY(schemas.add("SiteState",
                       object({{"state", one_of({"active", "draining", "left"}, "what it shall be")},
                               {"words", text(0, 500, "why")}},
                              {"state"})));
    EM_TRY(schemas.add("KeyChange", document("a key that is replaced or ended, signed: docs/ledger.md")));
    EM_TRY(schemas.add("Introduction", document("an agent's token key, signed by its site's key")));
    EM_TRY(schemas.add("AgentReport", document("what an agent knows of its claims")));
    EM_TRY(schemas.add("RunKey", object({{"claim", text(1, 64, "of the site, for a federated run")},
                                         {"public_key", text(1, 8192, "Ed25519, PEM")}},
                                        {"claim", "public_key"})));
    EM_TRY(schemas.add("AgentOutput", document("the end of what a job has printed")));
    return add_access_schemas(schemas);
}

}  // namespace euromesh::federation
