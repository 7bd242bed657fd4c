// What agent and coordinator send each other, as JSON.
#include "contract/document_reader.hpp"
#include "federation/core/commands.hpp"
#include "federation/core/fields.hpp"

namespace euromesh::federation {
namespace {

using contract::DocumentReader;
using contract::Limits;

constexpr std::size_t most_claims = 100'000;
constexpr Limits any_time{0, 253402300799999};  // to the end of the year 9999

ClaimReport read_claim(DocumentReader& reader, const Json& json, Status& status) {
    ClaimReport claim;
    claim.claim = reader.id("claim");
    claim.state =
        reader.choice("state", "", {"accepted", "refused", "running", "ended", "cancelled", "lost"});
    claim.started_ms = reader.integer("started_ms", 0, any_time);
    claim.ended_ms = reader.integer("ended_ms", 0, any_time);
    claim.used_ms = reader.integer("used_ms", 0, any_time);
    claim.exit = reader.integer("exit", 0, {-1024, 1024});
    claim.words = reader.text("words", "", 4096);
    reader.object("run");
    const auto run = json.find("run");
    if (run == json.end()) return claim;
    auto progress = read_run_progress(*run);
    if (progress)
        claim.run = std::move(*progress);
    else if (status)
        status = fail(progress.error().within(reader.pointer("run")));
    return claim;
}

contract::PlacedSite read_way(DocumentReader& reader) {
    contract::PlacedSite way;
    way.site = reader.id("site");
    way.exchange = reader.choice("exchange", "", {"", "direct", "hub", "object-store", "spool"});
    way.hub = reader.text("hub", "", 300);
    way.store = reader.text("store", "");
    return way;
}

StartOrder read_start(DocumentReader& reader, const Json& json, Status& status) {
    StartOrder start;
    start.claim = reader.id("claim");
    start.job = reader.id("job");
    start.account = reader.text("account", "", 1024);
    start.project = reader.id("project");
    start.partition = reader.text("partition", "", 64);
    start.gpus = reader.integer("gpus", 0, {0, 1'000'000});
    start.limit_ms = reader.integer("limit_ms", 0, any_time);
    start.sites = reader.ids("sites", 64);
    start.quorum = reader.integer("quorum", 1, {1, 64});
    reader.each("ways", 64, [&](DocumentReader& entry) { start.ways.push_back(read_way(entry)); });
    reader.object("spec");
    const auto found = json.find("spec");
    auto spec = contract::read_job_spec(found == json.end() ? Json() : *found);
    if (spec)
        start.spec = std::move(*spec);
    else if (status)
        status = fail(spec.error().within(reader.pointer("spec")));
    return start;
}

}  // namespace

Result<SiteReport> read_site_report(const Json& json) {
    DocumentReader reader(json, "report");
    SiteReport report;
    report.journal = reader.id("journal");
    if (report.journal.empty())
        reader.reject("journal", "is missing: the name that the agent's journal was given");
    report.orders_seen = reader.integer("orders_seen", -1, {-1, INT64_MAX});
    Status status;
    std::size_t number = 0;
    reader.each("claims", most_claims, [&](DocumentReader& entry) {
        const Json& claim = json["claims"][number++];
        if (claim.is_object()) report.claims.push_back(read_claim(entry, claim, status));
    });
    reader.finish();
    EM_TRY(reader.status());
    EM_TRY(std::move(status));
    return report;
}

Json to_json(const SiteReport& report) {
    Json claims = Json::array();
    for (const ClaimReport& claim : report.claims) {
        claims.push_back(Json{{"claim", claim.claim},
                              {"state", claim.state},
                              {"started_ms", claim.started_ms},
                              {"ended_ms", claim.ended_ms},
                              {"used_ms", claim.used_ms},
                              {"exit", claim.exit},
                              {"words", claim.words}});
        if (!(claim.run == RunProgress{})) claims.back()["run"] = parse_json(record_text(claim.run)).value();
    }
    return Json{
        {"journal", report.journal}, {"orders_seen", report.orders_seen}, {"claims", std::move(claims)}};
}

namespace {

Json ways_json(const std::vector<contract::PlacedSite>& ways) {
    Json list = Json::array();
    for (const contract::PlacedSite& way : ways)
        list.push_back(
            {{"site", way.site}, {"exchange", way.exchange}, {"hub", way.hub}, {"store", way.store}});
    return list;
}

}  // namespace

Json to_json(const Orders& orders) {
    Json starts = Json::array();
    for (const StartOrder& start : orders.start) {
        starts.push_back(Json{{"claim", start.claim},
                              {"job", start.job},
                              {"account", start.account},
                              {"project", start.project},
                              {"partition", start.partition},
                              {"gpus", start.gpus},
                              {"limit_ms", start.limit_ms},
                              {"sites", start.sites},
                              {"spec", contract::to_json(start.spec)}});
        if (start.ways.empty()) continue;
        starts.back()["quorum"] = start.quorum;
        starts.back()["ways"] = ways_json(start.ways);
    }
    Json json{{"as_of", orders.as_of},
              {"start", std::move(starts)},
              {"cancel", orders.cancel},
              {"forget", orders.forget}};
    if (!orders.journal.empty()) json["journal"] = orders.journal;
    return json;
}

Result<Orders> read_orders(const Json& json) {
    DocumentReader reader(json, "orders");
    Orders orders;
    orders.as_of = reader.integer("as_of", -1, {0, INT64_MAX});
    if (orders.as_of < 0) reader.reject("as_of", "is missing: the number of events that the orders rest on");
    Status status;
    std::size_t number = 0;
    reader.each("start", most_claims, [&](DocumentReader& entry) {
        const Json& start = json["start"][number++];
        if (start.is_object()) orders.start.push_back(read_start(entry, start, status));
    });
    orders.cancel = reader.ids("cancel", most_claims);
    orders.forget = reader.ids("forget", most_claims);
    orders.journal = reader.id("journal");
    reader.finish();
    EM_TRY(reader.status());
    EM_TRY(std::move(status));
    return orders;
}

}  // namespace euromesh::federation
