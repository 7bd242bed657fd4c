// What measurements of a preflight mean, with made-up measurements; and how findings are told.
#include <doctest/doctest.h>

#include "apps/site_check_judge.hpp"
#include "apps/site_check_run.hpp"

namespace euromesh::apps {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

bool has(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

const Finding& named(const Findings& found, std::string_view name) {
    for (const Finding& one : found) {
        if (one.name == name) return one;
    }
    FAIL("no finding " << std::string(name));
    return found.front();
}

AddressTrial alive(os::Family family, Nanoseconds took) {
    return {family == os::Family::ipv6 ? "[2001:db8::1]:44" : "192.0.2.1:44", family, took, false, ""};
}
AddressTrial dead(os::Family family, bool refused = false) {
    return {family == os::Family::ipv6 ? "[2001:db8::1]:44" : "192.0.2.1:44", family, std::nullopt, refused,
            refused ? "Connection refused" : "no answer in 4.0 s"};
}
ReachSample reached(std::vector<AddressTrial> trials) {
    return {"hub", "hub.example:44", milliseconds(3), std::nullopt, std::move(trials), false};
}

contract::RunSpec sites_of(const std::vector<std::string>& kinds) {
    contract::RunSpec spec;
    for (const std::string& kind : kinds) spec.sites.emplace_back().exchange = kind;
    return spec;
}

constexpr Nanoseconds now = seconds(1'800'000'000);  // 2027-01-15

}  // namespace

TEST_CASE("a name: known, slow, unknown") {
    CHECK(judge_reach(reached({alive(os::Family::ipv4, milliseconds(9))}))[0].outcome == Outcome::ok);
    ReachSample slow = reached({alive(os::Family::ipv4, milliseconds(9))});
    slow.look_up = seconds(5);
    CHECK(judge_reach(slow)[0].outcome == Outcome::warning);
    ReachSample unknown = reached({});
    unknown.unknown = Error{Code::not_found, "looking up hub.example: no such host"};
    const Findings found = judge_reach(unknown);
    REQUIRE(found.size() == 1);
    CHECK(found[0].outcome == Outcome::problem);
    CHECK(found[0].code == Code::not_found);
    CHECK(has(found[0].remedy, "via = "));
}

TEST_CASE("a dead first family is named with the key that leaves it out") {
    const auto v6 = os::Family::ipv6, v4 = os::Family::ipv4;
    const Findings found = judge_reach(reached({dead(v6), alive(v4, milliseconds(20))}));
    CHECK(named(found, "hub: connection").outcome == Outcome::ok);
    CHECK(has(named(found, "hub: family").remedy, "family = \"ipv4\""));
    CHECK(has(named(judge_reach(reached({dead(v4), alive(v6, milliseconds(20))})), "hub: family").remedy,
              "family = \"ipv6\""));
    CHECK(judge_reach(reached({alive(v6, milliseconds(20)), dead(v4)})).size() == 2);
    CHECK(judge_reach(reached({dead(v6), alive(v6, milliseconds(20)), alive(v4, milliseconds(1))})).size() ==
          2);
}

TEST_CASE("a connection: near, far, refused, silent") {
    const auto v4 = os::Family::ipv4;
    CHECK(has(judge_reach(reached({alive(v4, milliseconds(40))}))[1].measured, "round trip 40.00 ms"));
    CHECK(judge_reach(reached({alive(v4, milliseconds(400))}))[1].outcome == Outcome::warning);
    const Finding refused = judge_reach(reached({dead(v4, true)}))[1];
    CHECK(refused.outcome == Outcome::problem);
    CHECK(has(refused.remedy, "nobody listens"));
    const Finding silent = judge_reach(reached({dead(v4)}))[1];
    CHECK(silent.outcome == Outcome::problem);
    CHECK(has(silent.remedy, "relay"));
    // A peer may not have begun; its host must be there all the same.
    ReachSample peer = reached({dead(v4, true)});
    peer.may_be_silent = true;
    CHECK(judge_reach(peer)[1].outcome == Outcome::warning);
    peer.trials = {dead(v4)};
    CHECK(judge_reach(peer)[1].outcome == Outcome::problem);
}

TEST_CASE("proxies and commands") {
    ViaSample sample{"hub", "hub.example:44", "socks5://localhost:1080", milliseconds(50)};
    CHECK(judge_via(sample).outcome == Outcome::ok);
    sample.is_command = true;
    CHECK(judge_via(sample).outcome == Outcome::not_checked);
    sample.has_answered = true;
    CHECK(judge_via(sample).outcome == Outcome::ok);
    sample.failed = Error{Code::refused, "Permission denied"};
    CHECK(judge_via(sample).outcome == Outcome::problem);
    CHECK(has(judge_via(sample).remedy, "by hand"));
    sample.may_be_silent = true;
    CHECK(judge_via(sample).outcome == Outcome::problem);
    sample.failed->code = Code::unavailable;
    CHECK(judge_via(sample).outcome == Outcome::warning);
}

TEST_CASE("listening: each reason has its own remedy") {
    const auto remedy = [](Code code) {
        const Finding found = judge_listening("0.0.0.0:4400", fail(code, "listening on x"));
        CHECK(found.outcome == Outcome::problem);
        CHECK(found.code == code);
        return found.remedy;
    };
    CHECK(judge_listening("0.0.0.0:4400", {}).outcome == Outcome::ok);
    CHECK(has(remedy(Code::conflict), "another process"));
    CHECK(has(remedy(Code::refused), "1024"));
    CHECK(has(remedy(Code::not_found), "0.0.0.0"));
    CHECK(judge_interface("ib0", false).code == Code::not_found);
}

TEST_CASE("stores") {
    StoreSample sample{"store", "s3+https://store.example/bucket", true, {}, {}, {}, {}, {}};
    CHECK(judge_store(sample).outcome == Outcome::ok);
    sample.failed = Error{Code::not_found, "credentials"};
    CHECK(has(judge_store(sample).remedy, "AWS_ACCESS_KEY_ID"));
    sample.failed = Error{Code::no_space, "full"};
    CHECK(has(judge_store(sample).remedy, "quota"));
    CHECK(judge_store(sample).code == Code::no_space);
}

TEST_CASE("rates: 10 Gbit/s over 40 ms needs 50 MB under way, and buffers for twice that") {
    RateSample sample;
    sample.name = "peer";
    sample.one = 1e9;
    sample.several = 10e9;
    sample.round_trip = milliseconds(40);
    const Finding small = judge_rate(sample, {4u << 20, 212'992});
    CHECK(small.outcome == Outcome::warning);
    CHECK(has(small.remedy, "net.core.wmem_max"));
    CHECK(has(small.remedy, "100 MB"));
    CHECK(has(small.remedy, "4.2 MB"));
    CHECK(has(small.remedy, "[exchange] streams = 24;"));
    const Finding lossy = judge_rate(sample, {256u << 20, 256u << 20});
    CHECK(lossy.outcome == Outcome::warning);
    CHECK(has(lossy.remedy, "[exchange] streams = 4: worth 10.0 times one"));
    sample.one = 9e9;
    CHECK(judge_rate(sample, {4u << 20, 0}).outcome == Outcome::ok);
    sample.several = 0;
    CHECK(judge_rate(sample, {}).outcome == Outcome::problem);
}

TEST_CASE("folders: room, files, speed, and why one cannot be used") {
    FolderSample sample;
    sample.name = "spool";
    sample.room = os::FolderRoom{std::uint64_t{5} << 30, 1'000'000, "lustre"};
    sample.speed = os::DiskSpeed{900e6, std::vector<Nanoseconds>(50, milliseconds(2))};
    sample.speed->syncs.back() = seconds(1);
    CHECK(judge_folder(sample)[0].outcome == Outcome::ok);
    CHECK(judge_folder(sample)[1].outcome == Outcome::ok);
    CHECK(has(judge_folder(sample)[1].measured, "median 2.00 ms, p99 1.0 s of 50"));
    sample.room->free_bytes = 1u << 29;
    CHECK(judge_folder(sample)[0].outcome == Outcome::warning);
    sample.room->free_bytes = std::uint64_t{5} << 30;
    sample.room->free_files = 100;
    CHECK(judge_folder(sample)[0].outcome == Outcome::warning);
    sample.speed->syncs.assign(1, milliseconds(300));
    CHECK(judge_folder(sample)[1].outcome == Outcome::warning);
    sample.speed = fail(Code::no_space, "writing x: Disk quota exceeded");
    REQUIRE(judge_folder(sample).size() == 1);
    CHECK(judge_folder(sample)[0].code == Code::no_space);
    CHECK(has(judge_folder(sample)[0].remedy, "df -i"));
}

TEST_CASE("clocks") {
    const os::ClockSteps good{1000, {}, {}};
    CHECK(judge_clock(good, now)[0].outcome == Outcome::ok);
    CHECK(judge_clock(good, hours(1))[0].outcome == Outcome::problem);
    CHECK(judge_clock(good, Nanoseconds::max())[0].outcome == Outcome::problem);
    CHECK(judge_clock({1000, {}, seconds(-2)}, now)[0].outcome == Outcome::warning);
    CHECK(judge_clock({1000, milliseconds(1), {}}, now)[1].outcome == Outcome::problem);

    const auto offset = [](Nanoseconds ahead, Nanoseconds bound, std::optional<os::Validity> keys = {}) {
        return judge_offset("peer", ahead, bound, now, keys).outcome;
    };
    CHECK(offset(seconds(4), milliseconds(5)) == Outcome::ok);
    CHECK(offset(seconds(-6), milliseconds(5)) == Outcome::warning);
    CHECK(offset(seconds(6), seconds(2)) == Outcome::ok);
    const auto today = std::chrono::duration_cast<seconds>(now);
    const os::Validity keys{today - hours(1), today + hours(24)};
    CHECK(offset(seconds(1), {}, keys) == Outcome::ok);
    CHECK(offset(hours(-2), {}, keys) == Outcome::problem);
    CHECK(offset(hours(25), {}, keys) == Outcome::problem);
}

TEST_CASE("limits: a login node that kills after 300 CPU seconds") {
    os::ProcessLimits limits;
    CHECK(judge_limits(limits)[0].outcome == Outcome::ok);
    limits.cpu_seconds = {300, 300};
    const Finding cpu = judge_limits(limits)[0];
    CHECK(cpu.outcome == Outcome::warning);
    CHECK(has(cpu.remedy, "a relay here must live within 300 s: relay --cpu-seconds 300"));
    limits.open_files = {1024, 4096};
    CHECK(named(judge_limits(limits), "open files").outcome == Outcome::ok);
    limits.open_files = {64, 64};
    limits.address_space_bytes = {1u << 30, std::nullopt};
    limits.processes = {10, 10};
    for (const char* name : {"open files", "address space", "processes"})
        CHECK(named(judge_limits(limits), name).outcome == Outcome::warning);

    CHECK(judge_groups({}, 4).size() == 1);
    CHECK(judge_groups({}, 4)[0].outcome == Outcome::ok);
    const Findings tight = judge_groups({100u << 20, 1.5}, 4);
    CHECK(named(tight, "memory").outcome == Outcome::warning);
    CHECK(has(named(tight, "cores").remedy, "--threads 1"));
}

TEST_CASE("devices") {
    CHECK(judge_devices({}).size() == 1);
    CHECK(judge_devices({})[0].outcome == Outcome::ok);
    const Findings all = judge_devices({{{"/dev/nvidia0", true}}, true, true});
    CHECK(named(all, "accelerators").outcome == Outcome::ok);
    const Findings none = judge_devices({{{"/dev/nvidia0", false}}, false, false});
    CHECK(none.size() == 3);
    for (const Finding& one : none) CHECK(one.outcome == Outcome::warning);
    CHECK(judge_devices({{{"/dev/kfd", true}}, false, true}).size() == 2);
}

TEST_CASE("keys") {
    const auto today = std::chrono::duration_cast<seconds>(now);
    KeySample sample{"keys", {}, false, {today - hours(1), today + hours(24 * 365)}};
    CHECK(has(judge_keys(sample, now)[0].measured, "365 days"));
    CHECK(judge_keys(sample, now)[1].outcome == Outcome::ok);
    sample.validity.until = today + hours(24 * 3);
    sample.others_may_read = true;
    CHECK(judge_keys(sample, now)[0].outcome == Outcome::warning);
    CHECK(judge_keys(sample, now)[1].outcome == Outcome::problem);
    sample.failed = Error{Code::not_found, "reading keys/a.pem: no such file"};
    REQUIRE(judge_keys(sample, now).size() == 1);
    CHECK(has(judge_keys(sample, now)[0].remedy, "copy ca.pem"));
}

TEST_CASE("of two sites that exchange directly the one of higher rank dials") {
    const auto spec = sites_of({"direct", "direct", "hub", "direct", "spool"});
    const WayPlan plan = plan_ways(spec, 1);
    CHECK(plan.dials == std::vector<std::size_t>{0});
    CHECK(plan.listens);
    CHECK(plan.hub);
    CHECK(plan.spool);
    CHECK(!plan.store);
    CHECK(!plan_ways(spec, 3).listens);
    CHECK(plan_ways(spec, 3).dials.size() == 2);
    CHECK(plan_ways(spec, 4).dials.empty());
    CHECK(plan_ways(sites_of({"object-store", "direct"}), 1).store);
}

TEST_CASE("findings are told as a table, as JSON, and as the status of the first problem") {
    const Findings found{ok("clock", "wall clock", "now"),
                         warning("limits", "CPU time", "300 s", "relay --cpu-seconds 300"),
                         problem("ways", "hub", {Code::unavailable, "no \x1b[31manswer"}, "start it"),
                         problem("keys", "keys", {Code::refused, "expired"}, "make new ones"),
                         not_checked("rates", "rates", "nobody there", "listen")};
    const std::string text = findings_text(found);
    CHECK(has(text, "warning      limits   CPU time"));
    CHECK(has(text, "-> relay --cpu-seconds 300"));
    CHECK(has(text, "5 checks: 2 problems, 1 warning, 1 not checked"));
    CHECK(!has(text, "\x1b"));
    const Status status = verdict(found);
    REQUIRE(!status);
    CHECK(status.error().code == Code::unavailable);
    CHECK(has(status.error().message, "2 problems, the first: hub: no  [31manswer"));
    CHECK(verdict(std::span(found).first(2)));
    const Json json = findings_json(found);
    CHECK(json["outcome"] == "problem");
    CHECK(json["checks"].size() == 5);
    CHECK(json["checks"][3]["code"] == "refused");
    CHECK(!json["checks"][0].contains("code"));
    CHECK(findings_json(std::span(found).first(2))["outcome"] == "warning");
}

TEST_CASE("times and sizes") {
    CHECK(time_text(std::chrono::microseconds(350)) == "0.35 ms");
    CHECK(time_text(milliseconds(250)) == "250 ms");
    CHECK(time_text(milliseconds(1250)) == "1.2 s");
    CHECK(bytes_text(999) == "999 B");
    CHECK(bytes_text(4.2e6) == "4.2 MB");
    CHECK(bytes_text(5e10) == "50 GB");
}

}  // namespace euromesh::apps
