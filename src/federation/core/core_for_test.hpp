// A small federation for tests: three sites, one project with an allocation, an administrator and a member.
#pragma once

#include <doctest/doctest.h>

#include "federation/core/core.hpp"

namespace euromesh::federation {

inline const char* const rules_for_test =
    "rule all-apply\n  \"Everybody may\"\n  source \"test\"\npermit apply, review, admit, place, exchange, "
    "move;\n"
    "rule members\n  \"Members work\"\n  source \"test\"\npermit submit, cancel\n"
    "when person.groups overlaps project.groups;\n"
    "rule eu-only\n  \"EU data stays\"\n  source \"test\"\nforbid place, move\n"
    "when data.residency == \"eu\" and not site.eu;\n";

struct TestFederation {
    Core core;
    std::vector<std::string> log;
    std::int64_t now_ms = 1'000'000'000'000;
    Actor admin{"https://issuer|admin", "Admin", {}, {}, ""};
    Actor alice{"https://issuer|alice", "Alice", {"climate"}, {}, ""};
    Actor bob{"https://issuer|bob", "Bob", {"fusion"}, {}, ""};
    Actor coordinator{"coordinator", "", {}, {}, ""};

    explicit TestFederation(std::int64_t granted = 1'000'000) {
        Found found;
        found.federation.name = "test";
        found.federation.administrators = {admin.account};
        found.federation.governance.needed = 0;
        found.federation.governance.needed_emergency = 0;
        found.federation.tiers = {{"small", "Small", 5'000'000, 4, 3, true},
                                  {"large", "Large", 0, 14, 12, false}};
        found.federation.eu_countries = {"FI", "IT"};
        found.federation.rules = {{"test.rules", rules_for_test}};
        must(admin, found);
        add_site("fi", "FI");
        add_site("it", "IT");
        add_site("ch", "CH");
        ProjectRecord project;
        project.id = "p1";
        project.organisation = "University";
        project.country = "FI";
        project.groups = {"climate"};
        project.managers = {alice.account};
        must(admin, SetProject{project});
        if (granted > 0) must(admin, Grant{"p1", "small", "ju", "", granted, 0, 0});
    }

    static Actor agent(const std::string& site) { return {"", "", {}, {}, site}; }

    void add_site(const std::string& id, const std::string& country) {
        must(admin, AdmitSite{id, std::string(64, 'a'), country, "op", "ju", {}});
        must(agent(id), DescribeSite{document(country)});
        must(agent(id), SiteReport{id + "-journal", -1, {}});
    }

    static contract::SiteDocument document(const std::string& country) {
        return contract::parse_site_document(R"({"country":")" + country + R"(","hosting":"ju","partitions":[
            {"id":"gpu","accelerator":"a100","gpus":16,"gpus_per_node":4,"gpu_memory_mib":40960,"max_duration":"P1D"}]})")
            .value();
    }

    static contract::JobSpec spec(std::int64_t gpus = 4, std::int64_t seconds = 3600) {
        contract::JobSpec spec;
        spec.name = "job";
        spec.executable = "/bin/true";
        spec.gpus_per_process = gpus;
        spec.duration_ms = seconds * 1000;
        spec.project = "p1";
        return spec;
    }

    Result<Outcome> run(const Actor& actor, Ask ask) {
        now_ms += 1000;
        auto outcome = core.execute({actor, std::move(ask)}, now_ms);
        if (outcome)
            for (const Event& event : outcome->events) log.push_back(event.text);
        return outcome;
    }
    Outcome must(const Actor& actor, Ask ask) {
        auto outcome = run(actor, std::move(ask));
        REQUIRE_MESSAGE(outcome, (outcome ? "" : outcome.error().message));
        return *outcome;
    }
    std::string error(const Actor& actor, Ask ask) {
        const auto outcome = run(actor, std::move(ask));
        return outcome ? "" : outcome.error().message;
    }
    std::string submit(const contract::JobSpec& spec, const std::string& key = "") {
        return must(alice, Submit{spec, key, ""}).answer["job"].get<std::string>();
    }
    const JobRecord& job(const std::string& id) const { return *core.tables().job(id); }
    const ClaimRecord& claim(const std::string& job_id) const {
        return *core.tables().claim(job(job_id).claims.back());
    }
    const AllocationRecord& allocation() const { return core.tables().allocations().begin()->second; }
    void plan() { must(coordinator, Plan{}); }
    void report(const std::string& site, std::vector<ClaimReport> claims, std::int64_t orders_seen = -1) {
        must(agent(site), SiteReport{site + "-journal", orders_seen, std::move(claims)});
    }
    // Submits, places and offers a job.
    std::string placed(const contract::JobSpec& spec) {
        const std::string id = submit(spec);
        plan();
        REQUIRE(!job(id).claims.empty());
        for (const std::string& one : job(id).claims) report(core.tables().claim(one)->site, others(one), -1);
        return id;
    }
    // Nothing is said about the others, which were told of before.
    std::vector<ClaimReport> others(const std::string&) const { return {}; }
};

}  // namespace euromesh::federation
